//! Options whose values may carry a password: errors do not repeat them.

use std::ffi::OsStr;
use std::fmt::Display;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

/// Reads a value by a function, and never repeats the value in an error.
#[derive(Clone)]
pub(crate) struct RedactedParser<T, E>(pub(crate) fn(&str) -> Result<T, E>);

impl<T, E> TypedValueParser for RedactedParser<T, E>
where
    T: Clone + Send + Sync + 'static,
    E: Display + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        let wrong = |what: &dyn Display| {
            let name = arg.map(ToString::to_string).unwrap_or_default();
            Error::raw(ErrorKind::ValueValidation, format!("{name}: {what}\n")).with_cmd(cmd)
        };
        let text = value.to_str().ok_or_else(|| wrong(&"this is not UTF-8"))?;
        (self.0)(text).map_err(|error| wrong(&error))
    }
}
