//! `cargo xtask openapi`: the OpenAPI document, as the program prints it.

use anyhow::Result;

use crate::flags::Openapi;
use crate::generated::Generated;
use crate::workspace::cargo;

pub(crate) fn run(flags: &Openapi) -> Result<()> {
    if flags.check {
        check()
    } else {
        document()?.write()
    }
}

/// Fails when the committed document is not the one that the program prints.
pub(crate) fn check() -> Result<()> {
    document()?.check()
}

fn document() -> Result<Generated> {
    let mut print = cargo();
    print.args([
        "run",
        "--quiet",
        "--package=classdesk-server",
        "--",
        "openapi",
    ]);
    Generated::printed_by(&mut print, "docs/openapi.json", "cargo xtask openapi")
}
