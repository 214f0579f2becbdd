//! A PostgreSQL cluster of its own for tests and benchmarks, gone when its owner is done.

mod cluster;
mod programs;

use std::process::Command;

use anyhow::{Context, Result};

use crate::flags;
use crate::process;
use crate::test::POSTGRES_VARIABLE;

pub(crate) use cluster::Cluster;
pub(crate) use programs::Programs;

/// Settings, as `name=value`.
pub(crate) type Settings = &'static [&'static str];

/// For data that nobody will miss: nothing waits for the disk.
pub(crate) const FAST: Settings = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
];

/// `cargo xtask postgres`.
pub(crate) fn run(flags: &flags::Postgres) -> Result<()> {
    let (program, arguments) = flags
        .command
        .split_first()
        .context("name the command to run, for example: cargo xtask postgres bash")?;
    let cluster = Cluster::start(&Programs::find_or_install()?, FAST)?;
    process::run(
        Command::new(program)
            .args(arguments)
            .env(POSTGRES_VARIABLE, cluster.url("postgres")),
    )
}
