//! The program `classdesk`: it reads settings, puts the adapters and the domain together, and
//! runs one command (docs/contract.md#8-the-program).
//!
//! This is the only crate that names more than one adapter. It never decides who may do what, and
//! nothing in it answers a request.

mod check;
mod cli;
mod demo;
mod desk;
mod failure;
mod first_start;
mod logging;
mod maintenance;
mod metrics;
mod migrate;
mod openapi;
mod report;
mod serve;
mod stop;
mod user;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::read();
    logging::start(&cli.log);
    let outcome = actix_web::rt::System::new().block_on(cli.command.run());
    outcome.unwrap_or_else(|failure| failure.tell())
}
