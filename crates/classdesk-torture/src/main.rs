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
mod load;
mod matrix;
mod overload;
mod place;
mod postgres;
mod power;
mod preload;
mod program;
mod report;
mod s3;
mod seed;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser as _;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> ExitCode {
    // Only a second provider in one process is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let outcome = tokio::select! {
        outcome = cli::Cli::parse().run() => outcome,
        // Whoever is dropped ends what it has started.
        interrupted = interrupted() => interrupted,
    };
    match outcome {
        Ok(report) => report.tell(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Fails when somebody wants this program to end.
async fn interrupted() -> Result<report::Report> {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    ctrlc::set_handler(move || {
        // Nobody listens once the run is over.
        let _ = tell.take().map(|tell| tell.send(()));
    })?;
    told.await?;
    bail!("interrupted")
}
