//! The program `classdesk`: it reads settings, puts the adapters and the domain together, and
//! runs one command (docs/contract.md#8-the-program).
//!
//! This is the only crate that names more than one adapter. It never decides who may do what, and
//! nothing in it answers a request.

mod bootstrap;
mod cli;
mod commands;
mod demo;
mod error;
mod jobs;
mod logging;
mod metrics;
mod open_files;
mod report;
mod stop;
mod wiring;

use std::process::ExitCode;

use cli::{Cli, Command};
use commands::{check, key, migrate, openapi, serve, user};
use error::CliError;
use rustix::fs::Mode;

fn main() -> ExitCode {
    // Whatever is made is for its owner alone: also what SQLite and others make for us.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let cli = Cli::read();
    logging::start(&cli.log);
    let outcome = actix_web::rt::System::new().block_on(run(cli.command));
    outcome.unwrap_or_else(CliError::exit)
}

async fn run(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args)).await,
        Command::Migrate(args) => Box::pin(migrate::run(args)).await,
        Command::User(args) => Box::pin(user::run(args)).await,
        Command::Key(args) => Box::pin(key::run(args)).await,
        Command::Openapi => openapi::print(),
        Command::Check(args) => Box::pin(check::run(args)).await,
    }
}
