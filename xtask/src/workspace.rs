//! Where the repository is, and what cargo knows of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// What the README tells everybody to type to see Classdesk work.
pub(crate) const RUN_COMMAND: &str = "cargo run --release -- serve --demo";

/// What the README tells everybody to type to run the tests.
pub(crate) const TEST_COMMAND: &str = "cargo xtask test";

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the repository")
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    command
}

/// The output of `cargo metadata` with every feature switched off that is not on by default.
pub(crate) fn metadata() -> Result<Value> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1", "--locked"]);
    let text = crate::process::output(&mut command)?;
    serde_json::from_str(&text).context("cargo metadata printed no JSON")
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> Result<std::path::PathBuf> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target_directory")?;
    Ok(folder.into())
}
