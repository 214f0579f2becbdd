//! Tests of the program as a whole.
//!
//! They start the real `classdesk` on real stores, speak to it over HTTP alone, and know what to
//! expect from the contract. They share no code with what they test. The [permissions] can also be
//! checked on any other server of the API.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it reports to the person at the terminal"
)]

mod args;
mod attacks;
mod client;
mod crash;
mod events;
mod load;
pub mod permissions;
mod postgres;
mod power_loss;
mod preload;
mod programs;
mod report;
mod s3;
mod seed;
mod server;
mod stores;
mod verify;
mod webhooks;

use anyhow::Result;
use clap::{Parser, Subcommand};

pub use report::Report;

/// Tests Classdesk as a whole and says whether it kept its promises
#[derive(Parser)]
pub struct Cli {
    #[command(subcommand)]
    test: Test,
}

#[derive(Subcommand)]
enum Test {
    /// Kill the server, the database and the S3 server under load; nothing acknowledged may be
    /// lost
    Crash(crash::CrashArgs),
    /// Lose, keep or tear what was not fsynced when the power fails; nothing acknowledged may be
    /// lost
    Power(power_loss::PowerArgs),
    /// Try every permission through every view, then random histories
    Permissions(permissions::PermissionsArgs),
    /// Follow the events as everybody, with cuts, kills and changes of rights; each is told of what
    /// they may see
    Events(events::EventsArgs),
    /// Kill servers while they send to webhooks; each event arrives, and none is queued twice
    Webhooks(webhooks::WebhooksArgs),
    /// Take everything that the server can hold and compute; the requests of others are served (Linux)
    Attacks(attacks::AttacksArgs),
}

impl Cli {
    /// Runs the test.
    ///
    /// # Errors
    ///
    /// When the test itself fails. What the server does wrong stands in the report.
    pub async fn run(self) -> Result<Report> {
        match self.test {
            Test::Crash(args) => crash::run(&args).await,
            Test::Power(args) => power_loss::run(&args).await,
            Test::Permissions(args) => permissions::run(&args).await,
            Test::Events(args) => events::run(&args).await,
            Test::Webhooks(args) => webhooks::run(&args).await,
            Test::Attacks(args) => attacks::run(&args).await,
        }
    }
}
