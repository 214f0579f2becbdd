//! `cargo xtask permissions`: the permission table of the documentation, made by asking the policy.

use anyhow::Result;

use crate::flags::Permissions;
use crate::generated::Generated;
use crate::workspace::cargo;

pub(crate) fn run(flags: &Permissions) -> Result<()> {
    if flags.check {
        check()
    } else {
        document()?.write()
    }
}

/// Fails when the committed table is not the one that the policy gives.
pub(crate) fn check() -> Result<()> {
    document()?.check()
}

fn document() -> Result<Generated> {
    let mut print = cargo();
    print.args([
        "run",
        "--quiet",
        "--package=classdesk-domain",
        "--example=permissions",
    ]);
    Generated::printed_by(&mut print, "docs/permissions.md", "cargo xtask permissions")
}
