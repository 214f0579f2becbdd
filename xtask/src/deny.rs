//! Licences, duplicate versions and sources of the dependencies, by cargo-deny.

use anyhow::Result;

use crate::process;
use crate::tools::DENY;

/// Checks `deny.toml`. Known vulnerabilities are looked up where their database can be had.
pub(crate) fn run() -> Result<()> {
    let deny = |words: &[&str]| -> Result<_> {
        let mut command = DENY.command()?;
        command
            .args(["--workspace", "--all-features", "--locked"])
            .args(words);
        Ok(command)
    };
    process::run(&mut deny(&["check", "bans", "licenses", "sources"])?)?;
    if process::output(&mut deny(&["fetch", "db"])?).is_err() {
        eprintln!("advisories are left out: their database cannot be had here");
        return Ok(());
    }
    process::run(&mut deny(&["check", "--disable-fetch", "advisories"])?)
}
