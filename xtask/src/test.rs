//! `cargo xtask test`.

use anyhow::{Result, bail};

use crate::flags::Test;
use crate::postgres::{self, Cluster, Programs};
use crate::process;
use crate::python;
use crate::workspace::cargo;

/// Which tests of the workspace.
struct Selection<'a> {
    filters: &'a [String],
    postgres: Backend,
}

/// What the switches say about tests with `postgres` in their path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backend {
    Any,
    Only,
    Without,
}

pub(crate) fn run(flags: &Test) -> Result<()> {
    let selection = Selection {
        filters: &flags.filter,
        postgres: match (flags.sqlite, flags.postgres) {
            (true, true) => bail!("--sqlite and --postgres exclude each other"),
            (true, false) => Backend::Without,
            (false, true) => Backend::Only,
            (false, false) => Backend::Any,
        },
    };
    let cluster = match selection.postgres {
        Backend::Without => None,
        Backend::Any | Backend::Only => Some(Cluster::start(&Programs::find()?, postgres::FAST)?),
    };
    let python = python::with_standard_webhooks()?;
    let with_cluster = |mut command: std::process::Command| {
        command.env(python::VARIABLE, &python);
        match &cluster {
            Some(cluster) => command.env(postgres::VARIABLE, cluster.url("postgres")),
            None => command.env_remove(postgres::VARIABLE),
        };
        process::run(&mut command)
    };
    if process::find("cargo-nextest").is_some() {
        with_cluster(nextest(&selection))?;
        if selection.is_everything() {
            let mut doc = cargo();
            doc.args(["test", "--workspace", "--doc", "--quiet"]);
            with_cluster(doc)?;
        }
        Ok(())
    } else {
        with_cluster(cargo_test(&selection))
    }
}

impl Selection<'_> {
    fn is_everything(&self) -> bool {
        self.filters.is_empty() && self.postgres == Backend::Any
    }
}

fn nextest(selection: &Selection<'_>) -> std::process::Command {
    let mut command = cargo();
    command.args(["nextest", "run", "--workspace"]);
    match selection.postgres {
        Backend::Any => {}
        Backend::Only => drop(command.args(["-E", "test(postgres)"])),
        Backend::Without => drop(command.args(["-E", "not test(postgres)"])),
    }
    command.args(selection.filters);
    command
}

fn cargo_test(selection: &Selection<'_>) -> std::process::Command {
    let mut command = cargo();
    command.args(["test", "--workspace"]);
    if !selection.is_everything() {
        command.args(["--bins", "--lib", "--tests"]);
    }
    command.arg("--");
    match selection.postgres {
        Backend::Any => {}
        Backend::Only => drop(command.arg("postgres")),
        Backend::Without => drop(command.args(["--skip", "postgres"])),
    }
    command.args(selection.filters);
    command
}
