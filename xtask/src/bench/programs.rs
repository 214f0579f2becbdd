//! Finding the programs that put load on a server.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process;

/// Finds a program that only the benchmark needs.
pub(super) fn find(program: &str, package: &str) -> Result<PathBuf> {
    let sbin = PathBuf::from("/usr/sbin").join(program);
    process::find(program)
        .or_else(|| process::is_program(&sbin).then_some(sbin))
        .with_context(|| format!("{program} is needed: apt-get install {package}"))
}
