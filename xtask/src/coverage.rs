//! `cargo xtask coverage`: which lines the tests run.

use anyhow::Result;

use crate::flags::Coverage;
use crate::postgres::{self, Cluster, Programs};
use crate::process;
use crate::test::POSTGRES_VARIABLE;
use crate::tools::TARPAULIN;
use crate::workspace::target_dir;

pub(crate) fn run(flags: &Coverage) -> Result<()> {
    let cluster = Cluster::start(&Programs::find_or_install()?, postgres::FAST)?;
    let folder = target_dir()?.join("coverage");
    let mut command = TARPAULIN.command()?;
    command
        // Its own engine stops at each line; the compiler's counts and needs no further program.
        .args(["--engine=llvm", "--skip-clean", "--exclude=xtask"])
        .args(["--out=Html", "--out=Lcov", "--output-dir"])
        .arg(&folder)
        .arg("--target-dir")
        .arg(folder.join("build"))
        .env(POSTGRES_VARIABLE, cluster.url("postgres"));
    match flags.package.as_slice() {
        [] => drop(command.arg("--workspace")),
        packages => drop(command.args(packages.iter().flat_map(|name| ["--package", name]))),
    }
    std::fs::create_dir_all(&folder)?;
    process::run(&mut command)?;
    eprintln!(
        "the lines are in {}",
        folder.join("tarpaulin-report.html").display()
    );
    Ok(())
}
