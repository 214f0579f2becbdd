//! `cargo xtask mutants`: changes the policy in every way that compiles, and expects the tests to
//! notice each.

use anyhow::Result;

use crate::flags::Mutants;
use crate::process;
use crate::tools::MUTANTS;
use crate::workspace::target_dir;

/// What is changed when nobody says otherwise: a mistake here shows people what is not theirs.
const POLICY: &str = "crates/classdesk-domain/src/policy/*.rs";

pub(crate) fn run(flags: &Mutants) -> Result<()> {
    let mut command = MUTANTS.command()?;
    command.args(["--package=classdesk-domain", "--no-shuffle", "--output"]);
    command.arg(target_dir()?);
    match flags.file.as_slice() {
        [] => drop(command.args(["--file", POLICY])),
        files => drop(command.args(files.iter().flat_map(|file| ["--file", file]))),
    }
    process::run(&mut command)
}
