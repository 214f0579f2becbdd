//! A PostgreSQL cluster of its own for tests and benchmarks, gone when its owner is done.

mod cluster;
mod programs;

use std::process::Command;

use anyhow::{Context, Result};

use crate::flags;
use crate::process;

pub(crate) use cluster::{Cluster, Settings};
pub(crate) use programs::Programs;

/// What tests find the cluster by.
pub(crate) const VARIABLE: &str = "CLASSDESK_TEST_POSTGRES";

/// For data that nobody will miss: nothing waits for the disk.
pub(crate) const FAST: Settings = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
];

/// For tests that kill the server: what is acknowledged survives the end of every process. The
/// machine stays up, so nothing waits for the disk.
pub(crate) const SURVIVES_KILLS: Settings = &["fsync=off", "synchronous_commit=on"];

/// `cargo xtask postgres`.
pub(crate) fn run(flags: &flags::Postgres) -> Result<()> {
    let (program, arguments) = flags
        .command
        .split_first()
        .context("name the command to run, for example: cargo xtask postgres bash")?;
    let cluster = Cluster::start(&Programs::find()?, FAST)?;
    process::run(
        Command::new(program)
            .args(arguments)
            .env(VARIABLE, cluster.url("postgres")),
    )
}
