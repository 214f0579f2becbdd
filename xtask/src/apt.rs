//! Installing what a machine lacks, where that is possible without asking anybody.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Whether [`install`] can do anything here.
pub(crate) fn is_usable() -> bool {
    process::find("apt-get").is_some() && process::is_root()
}

/// Reads which packages there are.
pub(crate) fn update() -> Result<()> {
    apt_get(&["update", "-q"])
}

/// Installs packages and what they depend on.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut words = vec!["install", "-qy", "--no-install-recommends"];
    words.extend(packages);
    apt_get(&words)
}

fn apt_get(words: &[&str]) -> Result<()> {
    if !is_usable() {
        bail!("only the superuser of a Debian can install packages");
    }
    process::run(
        Command::new("apt-get")
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
