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

fn main() -> ExitCode {
    // Only a second provider in one process is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match attack(cli::Cli::parse()) {
        Ok(Some(report)) => report.tell(),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn attack(cli: cli::Cli) -> Result<Option<report::Report>> {
    if cli.attacks_alone() {
        // Before the runtime begins its threads, which take over the policy.
        overload::make_way()?;
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        tokio::select! {
            outcome = cli.run() => outcome,
            // Whoever is dropped ends what it has started.
            interrupted = interrupted() => interrupted,
        }
    })
}

/// Fails when somebody wants this program to end.
async fn interrupted() -> Result<Option<report::Report>> {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    ctrlc::set_handler(move || {
        // Nobody listens once the run is over.
        let _ = tell.take().map(|tell| tell.send(()));
    })?;
    told.await?;
    bail!("interrupted")
}
