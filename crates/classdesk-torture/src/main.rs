//! `classdesk-torture`: attacks on the program as a whole, each a subcommand.
//!
//! It starts the real `classdesk` on real stores, speaks to it over HTTP alone, and knows what to
//! expect from the contract. It shares no code with what it tests. `cargo xtask torture` builds
//! what it needs and runs it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it reports to the person at the terminal"
)]

mod cli;
mod client;
mod crash;
mod place;
mod postgres;
mod program;
mod report;
mod s3;
mod seed;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    // Only a second provider in one process is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::Cli::parse().run().await {
        Ok(report) => report.tell(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
