//! `classdesk-system-tests`: each test is a subcommand. `cargo xtask system-tests` builds what it
//! needs and runs it.

#![expect(
    clippy::print_stderr,
    reason = "it reports to the person at the terminal"
)]

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser as _;
use classdesk_system_tests::{Cli, Report};
use tokio::sync::oneshot;

fn main() -> ExitCode {
    // Only a second provider in one process is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse()) {
        Ok(report) => report.print(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<Report> {
    tokio::runtime::Runtime::new()?.block_on(async {
        tokio::select! {
            report = cli.run() => report,
            // What is dropped ends the programs that it has started.
            interrupted = interrupted() => interrupted,
        }
    })
}

/// Fails when this program is asked to end.
async fn interrupted() -> Result<Report> {
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    ctrlc::set_handler(move || {
        // Nothing listens once the run is over.
        let _ = sender.take().map(|sender| sender.send(()));
    })?;
    receiver.await?;
    bail!("interrupted")
}
