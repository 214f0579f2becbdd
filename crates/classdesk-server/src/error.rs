//! How a command fails: one line for people and an exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use classdesk_domain::validation::Invalid;

/// Why a command could not do its work, as one line.
pub(crate) struct CliError {
    line: String,
}

impl CliError {
    /// A failure that this crate found itself.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into() }
    }

    /// A failure of an adapter while something was done, with every cause behind it.
    pub(crate) fn while_doing(what: &str, error: &dyn Error) -> Self {
        Self::new(format!("{what}: {}", chain(error)))
    }

    /// Writes the line to standard error and answers the exit code of a failure.
    pub(crate) fn exit(self) -> ExitCode {
        let line = one_line(&self.line);
        // When standard error is closed, only the exit code is left.
        let _ = writeln!(std::io::stderr(), "error: {line}");
        ExitCode::FAILURE
    }
}

impl From<classdesk_domain::error::Error> for CliError {
    fn from(error: classdesk_domain::error::Error) -> Self {
        match error {
            classdesk_domain::error::Error::Invalid(invalid) => invalid.into(),
            other => Self::new(chain(&other)),
        }
    }
}

impl From<Invalid> for CliError {
    fn from(invalid: Invalid) -> Self {
        let faults: Vec<_> = invalid.errors().iter().map(ToString::to_string).collect();
        Self::new(faults.join(" "))
    }
}

/// Errors that need no further words.
macro_rules! from_errors {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::new(chain(&error))
            }
        }
    )+};
}

from_errors!(
    std::io::Error,
    classdesk_argon2::HasherError,
    classdesk_diesel::ConnectError,
    classdesk_object_store::ConnectError,
);

/// An error and its causes, each once: some libraries repeat a cause in the text above it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        if !text.contains(&further) {
            let _ = write!(text, ": {further}");
        }
        cause = error.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl std::fmt::Display for Layer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|layer| layer as _)
        }
    }

    #[test]
    fn every_cause_appears_once() {
        let error = Layer(
            "no connection: refused",
            Some(Box::new(Layer(
                "refused",
                Some(Box::new(Layer("port 1", None))),
            ))),
        );
        assert_eq!(chain(&error), "no connection: refused: port 1");
    }

    #[test]
    fn line_breaks_do_not_reach_the_line() {
        assert_eq!(one_line("FATAL:  no\n\tHINT: yes\n"), "FATAL: no HINT: yes");
    }
}
