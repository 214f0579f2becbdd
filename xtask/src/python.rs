//! Python packages in an environment of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{root, target_dir};

/// What doctor and the tasks say when Python is missing or incomplete.
pub(crate) const HINT: &str = "apt-get install python3-venv, or brew install python";

/// The folder of the programs of an environment. It is below the target folder, and is made of
/// `.ci/NAME.txt`, which names the packages with their versions and digests, unless it is there.
pub(crate) fn environment(name: &str) -> Result<PathBuf> {
    let environment = target_dir()?.join("tools").join(name);
    let programs = environment.join("bin");
    let packages = root().join(format!(".ci/{name}.txt"));
    let wanted = fs::read(&packages).with_context(|| format!("no {}", packages.display()))?;
    // Written last, so that an installation that broke off begins anew.
    let stamp = environment.join("packages.txt");
    let is_there = process::is_program(&programs.join("python3"));
    if is_there && fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(&environment);
    process::run(&mut create).context(HINT)?;
    let mut install = Command::new(programs.join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--require-hashes", "--requirement"]);
    process::run(install.arg(&packages))?;
    fs::write(stamp, wanted)?;
    Ok(programs)
}

/// What tests find a Python by that has a library of Standard Webhooks.
pub(crate) const VARIABLE: &str = "CLASSDESK_TEST_PYTHON";

/// That Python.
pub(crate) fn with_standard_webhooks() -> Result<PathBuf> {
    Ok(environment("standardwebhooks")?.join("python3"))
}

/// Whether Python can make environments.
pub(crate) fn has_environments() -> bool {
    process::output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}
