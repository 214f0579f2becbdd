//! `cargo xtask torture`: builds the server and the program that attacks it, and runs the attack.

use anyhow::Result;

use crate::flags::{Torture, TortureCmd};
use crate::postgres::Programs;
use crate::process;
use crate::workspace::{cargo, target_dir};

/// An attack and what it is told.
struct Attack {
    name: &'static str,
    seed: Option<u64>,
    long: bool,
    /// Whether PostgreSQL's programs are needed.
    postgres: bool,
    /// Whether figures count, or many repetitions: a release build makes ten times as many.
    release: bool,
}

/// Every attack in its short form, from the seed that it picks.
pub(crate) fn short() -> Result<()> {
    for (name, postgres) in [
        ("crash", true),
        ("power", false),
        ("matrix", false),
        ("overload", false),
    ] {
        attack(&Attack {
            name,
            seed: None,
            long: false,
            postgres,
            release: false,
        })?;
    }
    Ok(())
}

pub(crate) fn run(flags: &Torture) -> Result<()> {
    match &flags.subcommand {
        TortureCmd::Crash(flags) => attack(&Attack {
            name: "crash",
            seed: flags.seed,
            long: flags.long,
            postgres: !flags.sqlite,
            release: flags.long,
        }),
        TortureCmd::Matrix(flags) => attack(&Attack {
            name: "matrix",
            seed: flags.seed,
            long: flags.long,
            postgres: false,
            release: flags.long,
        }),
        TortureCmd::Overload(flags) => attack(&Attack {
            name: "overload",
            seed: flags.seed,
            long: flags.long,
            postgres: false,
            release: flags.long,
        }),
        TortureCmd::Power(flags) => attack(&Attack {
            name: "power",
            seed: flags.seed,
            long: flags.long,
            postgres: false,
            release: flags.long,
        }),
    }
}

fn attack(attack: &Attack) -> Result<()> {
    let mut build = cargo();
    build.args([
        "build",
        "--locked",
        "--package=classdesk-server",
        "--package=classdesk-s3-test-server",
        "--package=classdesk-torture",
    ]);
    if attack.release {
        build.arg("--release");
    }
    process::run(&mut build)?;
    let profile = if attack.release { "release" } else { "debug" };
    let programs = target_dir()?.join(profile);
    let mut command = std::process::Command::new(programs.join("classdesk-torture"));
    command.arg(attack.name);
    if attack.long {
        command.arg("--long");
    }
    if let Some(seed) = attack.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if attack.postgres {
        let folder = Programs::find_or_install()?.path("");
        command.arg("--postgres-programs").arg(folder);
    }
    process::run(&mut command)
}
