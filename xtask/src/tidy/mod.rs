//! `cargo xtask tidy`: the rules of this repository that no compiler knows.

mod circles;
mod commands;
mod dependencies;
mod evidence;
mod links;
mod manifests;
mod migrations;
mod modules;
mod sentences;
mod text;
mod tree;
mod words;

use anyhow::{Result, bail};

use crate::workspace::{metadata, root};
pub(crate) use links::slug;
pub(crate) use migrations::DATABASES;
use tree::Tree;

/// Checks every rule, and that the generated files are what would be generated now.
pub(crate) fn run() -> Result<()> {
    rules()?;
    crate::drift::run()
}

/// Checks the rules that need no build.
pub(crate) fn rules() -> Result<()> {
    let tree = Tree::tracked(root())?;
    let metadata = metadata()?;
    let mut faults = text::check(&tree);
    faults.extend(links::check(&tree));
    faults.extend(evidence::check(&tree));
    faults.extend(sentences::check(&tree));
    faults.extend(circles::check(&tree));
    faults.extend(words::check(&tree));
    faults.extend(migrations::check(&tree));
    faults.extend(commands::check(&tree));
    faults.extend(manifests::check(&tree)?);
    faults.extend(dependencies::check(&metadata)?);
    faults.extend(dependencies::check_domain(root())?);
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        1 => bail!("one rule is broken"),
        many => bail!("{many} rules are broken"),
    }
}
