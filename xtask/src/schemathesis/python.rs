//! Schemathesis in a Python environment of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{root, target_dir};

/// What doctor and this task say when Python is missing or incomplete.
pub(crate) const HINT: &str = "apt-get install python3-venv, or brew install python";

/// The packages with their versions and digests.
const PACKAGES: &str = ".ci/schemathesis.txt";

/// The program, which is installed below the target folder unless it is there.
pub(super) fn schemathesis() -> Result<PathBuf> {
    let environment = target_dir()?.join("tools/schemathesis");
    let program = environment.join("bin/schemathesis");
    let wanted = fs::read(root().join(PACKAGES)).with_context(|| format!("no {PACKAGES}"))?;
    // Written last, so that an installation that broke off begins anew.
    let stamp = environment.join("packages.txt");
    if process::is_program(&program) && fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(program);
    }
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(&environment);
    process::run(&mut create).context(HINT)?;
    let mut install = Command::new(environment.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--require-hashes", "--requirement"]);
    process::run(install.arg(root().join(PACKAGES)))?;
    fs::write(stamp, wanted)?;
    Ok(program)
}

/// Whether Python can make environments.
pub(crate) fn has_environments() -> bool {
    process::output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}
