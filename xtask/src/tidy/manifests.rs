//! Every crate inherits the workspace's lints, metadata and versions.

use std::path::Path;

use anyhow::{Context, Result};
use toml::Table;

use super::tree::Tree;

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let workspace = parse(tree, Path::new("Cargo.toml"))?;
    let shared: Vec<&String> = workspace["workspace"]
        .get("package")
        .and_then(|package| package.as_table())
        .context("the workspace has no metadata to inherit")?
        .keys()
        .collect();
    let mut faults = Vec::new();
    for file in tree.files().filter(|file| is_member(file)) {
        let name = file.display();
        let manifest = parse(tree, file)?;
        if !inherits(manifest.get("lints")) {
            faults.push(format!("{name}: does not inherit [lints]"));
        }
        for key in &shared {
            if !inherits(
                manifest
                    .get("package")
                    .and_then(|package| package.get(*key)),
            ) {
                faults.push(format!("{name}: does not inherit {key}"));
            }
        }
        for section in DEPENDENCIES {
            let Some(dependencies) = manifest.get(section).and_then(|found| found.as_table())
            else {
                continue;
            };
            let own = manifest
                .get("package")
                .and_then(|package| package.get("name"));
            for (dependency, wanted) in dependencies {
                let is_itself = own.and_then(|name| name.as_str()) == Some(dependency);
                if !is_itself && !inherits(Some(wanted)) {
                    faults.push(format!(
                        "{name}: does not inherit the version of {dependency}"
                    ));
                }
            }
        }
    }
    Ok(faults)
}

fn is_member(file: &Path) -> bool {
    file.ends_with("Cargo.toml") && (file.starts_with("crates") || file.starts_with("xtask"))
}

fn parse(tree: &Tree, file: &Path) -> Result<Table> {
    let text = tree
        .text(file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    text.parse()
        .with_context(|| format!("{} is no TOML", file.display()))
}

fn inherits(value: Option<&toml::Value>) -> bool {
    value.is_some_and(|value| value.get("workspace") == Some(&toml::Value::Boolean(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.package]\nversion = \"0.1.0\"\n";
    const MEMBER: &str = "[package]\nname = \"a\"\nversion.workspace = true\n\
        [dependencies]\nbytes.workspace = true\n\
        mockall = { workspace = true, optional = true }\n\
        [lints]\nworkspace = true\n";

    fn check_member(member: &str) -> Vec<String> {
        let tree = Tree::fixture(&[("Cargo.toml", WORKSPACE), ("crates/a/Cargo.toml", member)]);
        check(&tree).expect("manifests that parse")
    }

    #[test]
    fn a_crate_that_inherits_passes() {
        assert_eq!(check_member(MEMBER), [""; 0]);
    }

    #[test]
    fn everything_has_to_be_inherited() {
        for (from, to, fault) in [
            (
                "[lints]\nworkspace = true\n",
                "",
                "does not inherit [lints]",
            ),
            (
                "version.workspace = true",
                "version = \"0.1.0\"",
                "does not inherit version",
            ),
            (
                "bytes.workspace = true",
                "bytes = \"1\"",
                "does not inherit the version of bytes",
            ),
        ] {
            let faults = check_member(&MEMBER.replace(from, to));
            assert_eq!(faults, [format!("crates/a/Cargo.toml: {fault}")]);
        }
    }
}
