//! `cargo xtask system-tests`: builds the server and the program that tests it from outside, and
//! runs a test.

use std::process::Command;

use anyhow::{Result, bail};

use crate::flags::SystemTests;
use crate::postgres::{self, Cluster, Programs};
use crate::process;
use crate::workspace::{cargo, target_dir};

/// The command that the tests restart the cluster by.
const RESTART_VARIABLE: &str = "CLASSDESK_TEST_POSTGRES_RESTART";

/// Those that a cluster is started for.
const ON_POSTGRES: [&str; 3] = ["crash", "events", "webhooks"];

const TESTS: [&str; 6] = [
    "crash",
    "power",
    "permissions",
    "events",
    "webhooks",
    "attacks",
];

/// Every test in its short form, from the seed that it picks.
pub(crate) fn short() -> Result<()> {
    for test in TESTS {
        run(&SystemTests {
            test: test.to_owned(),
            long: false,
            seed: None,
            sqlite: false,
        })?;
    }
    Ok(())
}

pub(crate) fn run(flags: &SystemTests) -> Result<()> {
    if !TESTS.contains(&flags.test.as_str()) {
        bail!(
            "there is no test {}; the tests are {}",
            flags.test,
            TESTS.join(", ")
        );
    }
    let mut build = cargo();
    build.args([
        "build",
        "--locked",
        "--package=classdesk-server",
        "--package=classdesk-s3-test-server",
        "--package=classdesk-system-tests",
    ]);
    // The long form repeats so much that a release build is soon worth its time.
    if flags.long {
        build.arg("--release");
    }
    process::run(&mut build)?;
    let profile = if flags.long { "release" } else { "debug" };
    let program = target_dir()?.join(profile).join("classdesk-system-tests");
    let mut command = Command::new(program);
    command.arg(&flags.test);
    if flags.long {
        command.arg("--long");
    }
    if let Some(seed) = flags.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if !ON_POSTGRES.contains(&flags.test.as_str()) || flags.sqlite {
        return process::run(&mut command);
    }
    let programs = Programs::find()?;
    let cluster = Cluster::start(&programs, postgres::SURVIVES_KILLS)?;
    command
        .env("PATH", programs.before_path()?)
        .env(postgres::VARIABLE, cluster.url("postgres"))
        .env(RESTART_VARIABLE, process::line(&cluster.restart()));
    process::run(&mut command)
}
