//! The developers' tasks: `cargo xtask --help` lists them.
//!
//! A task is one module with one function `run`. What several share is in [`process`] (running
//! programs), [`workspace`] (where things are) and [`postgres`] (a temporary cluster). The crate
//! is kept quick to compile, since everybody's first command waits for it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person at the terminal"
)]

mod bench;
mod ci;
mod contract;
mod coverage;
mod deny;
mod dev;
mod doctor;
mod drift;
mod flags;
mod fuzz;
mod generated;
mod migrations;
mod mutants;
mod openapi;
mod permissions;
mod postgres;
mod process;
mod python;
mod schemathesis;
mod system_tests;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use flags::{Xtask, XtaskCmd};

fn main() -> ExitCode {
    let flags = match Xtask::from_env() {
        Ok(flags) => flags,
        Err(error) if error.is_help() => {
            let task = std::env::args().nth(1).unwrap_or_default();
            println!("{}", flags::help_of(&task, &error.to_string()));
            return ExitCode::SUCCESS;
        }
        Err(error) => error.exit(),
    };
    let outcome = match flags.subcommand {
        XtaskCmd::Bench(flags) => bench::run(&flags),
        XtaskCmd::Contract(flags) => contract::run(&flags),
        XtaskCmd::Test(flags) => test::run(&flags),
        XtaskCmd::Ci(flags) => ci::run(&flags),
        XtaskCmd::Tidy(_) => tidy::run(),
        XtaskCmd::Openapi(flags) => openapi::run(&flags),
        XtaskCmd::Permissions(flags) => permissions::run(&flags),
        XtaskCmd::Migrations(flags) => migrations::run(&flags),
        XtaskCmd::Coverage(_) => coverage::run(),
        XtaskCmd::Dev(flags) => dev::run(&flags),
        XtaskCmd::Mutants(flags) => mutants::run(&flags),
        XtaskCmd::Schemathesis(flags) => schemathesis::run(&flags),
        XtaskCmd::Fuzz(flags) => fuzz::run(&flags),
        XtaskCmd::SystemTests(flags) => system_tests::run(&flags),
        XtaskCmd::Doctor(_) => doctor::run(),
        XtaskCmd::Postgres(flags) => postgres::run(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
