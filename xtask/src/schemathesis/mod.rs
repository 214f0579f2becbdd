//! `cargo xtask schemathesis`: requests made up from the OpenAPI document, sent to the demo, and
//! the answers compared with what the document says.
//!
//! What is asked of the answers stands in `xtask/schemathesis`.

mod demo;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail};

use crate::flags;
use crate::process;
use crate::python;
use crate::workspace::{cargo, root, target_dir};

use demo::Demo;

/// Who asks: one of each side.
const PEOPLE: [&str; 3] = ["client", "writer", "superadmin"];

/// How many requests are made up for each operation when nobody says otherwise.
const EXAMPLES: u32 = 100;

pub(crate) fn run(flags: &flags::Schemathesis) -> Result<()> {
    if flags.short {
        return short();
    }
    let examples = flags.examples.unwrap_or(EXAMPLES);
    let arguments = [
        format!("--max-examples={examples}"),
        // What one run has found must not steer the next.
        "--generation-database=none".to_owned(),
    ];
    all(&arguments)
}

/// The form for CI: the document's examples and the bounds of every field, nothing random.
pub(crate) fn short() -> Result<()> {
    let arguments = [
        "--phases=examples,coverage".to_owned(),
        "--generation-deterministic".to_owned(),
    ];
    all(&arguments)
}

/// Lets everybody ask at the same time, each a server of their own, so that nobody finds what
/// another has changed.
fn all(arguments: &[String]) -> Result<()> {
    let schemathesis = python::environment("schemathesis")?.join("schemathesis");
    let classdesk = build()?;
    let folder = target_dir()?.join("schemathesis");
    let runs: Vec<_> = PEOPLE
        .iter()
        .map(|who| Run::start(who, &folder.join(who), &classdesk, &schemathesis, arguments))
        .collect::<Result<_>>()?;
    let mut failed = Vec::new();
    for run in runs {
        let who = run.who;
        if !run.finish()? {
            failed.push(who);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!(
            "what the server does differs from its document for {}",
            failed.join(", ")
        )
    }
}

fn build() -> Result<PathBuf> {
    process::run(cargo().args(["build", "--package=classdesk-server", "--locked"]))?;
    Ok(target_dir()?.join("debug/classdesk"))
}

/// Schemathesis as one person.
struct Run {
    who: &'static str,
    child: Child,
    said: PathBuf,
    /// Serves until the run has ended.
    _demo: Demo,
}

impl Run {
    fn start(
        who: &'static str,
        folder: &Path,
        classdesk: &Path,
        schemathesis: &Path,
        arguments: &[String],
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let demo = Demo::start(classdesk, folder)?;
        let settings = root().join("xtask/schemathesis");
        let mut command = Command::new(schemathesis);
        command
            .arg("--config-file")
            .arg(settings.join("schemathesis.toml"))
            .arg("run")
            .arg(format!("{}api/v1/openapi.json", demo.address()))
            .args(["--no-color", "--continue-on-failure"])
            .args(arguments)
            .env("SCHEMATHESIS_HOOKS", settings.join("hooks.py"))
            .env("CLASSDESK_USER", who)
            .current_dir(folder);
        eprintln!("$ CLASSDESK_USER={who} {}", process::line(&command));
        let said = folder.join("said.txt");
        let output = File::create(&said)?;
        let child = command
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start schemathesis")?;
        Ok(Self {
            who,
            child,
            said,
            _demo: demo,
        })
    }

    /// Waits for the end, repeats what was said, and tells whether nothing was found.
    fn finish(mut self) -> Result<bool> {
        let status = self.child.wait()?;
        let said = fs::read_to_string(&self.said)?;
        // The warnings are about what the requests reached, which nobody reads when all is well.
        let shown = if status.success() {
            summary(&said)
        } else {
            &said
        };
        eprintln!("=== as {}\n{}", self.who, shown.trim_end());
        Ok(status.success())
    }
}

/// What stands below the last heading but one: how many requests were made, and how long it took.
fn summary(said: &str) -> &str {
    let heading = said
        .match_indices("\n=")
        .map(|(start, _)| start + 1)
        .find(|start| {
            said[*start..]
                .lines()
                .next()
                .is_some_and(|line| line.contains(" SUMMARY "))
        });
    heading.map_or(said, |start| &said[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_found_nothing_is_summed_up() {
        let said = "operations\n=== WARNINGS ===\nmany\n=== SUMMARY ===\n12 cases\n== ok ==\n";
        assert_eq!(summary(said), "=== SUMMARY ===\n12 cases\n== ok ==\n");
        assert_eq!(summary("broken off"), "broken off");
    }
}
