//! `cargo xtask contract`: which test holds which promise.
//!
//! docs/contract.toml lists the promises, below the headings of docs/contract.md. A test claims one
//! with a line `contract: ID` in its doc comment; several IDs are separated by commas.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use toml::Table;

use crate::flags;
use crate::generated::Generated;
use crate::tidy::slug;
use crate::workspace::root;

const MARK: &str = "/// contract: ";

/// A test, by where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    file: String,
    name: String,
}

pub(crate) fn run(flags: &flags::Contract) -> Result<()> {
    if flags.check {
        check()
    } else {
        document()?.write()
    }
}

/// Fails when a promise has no test, or the committed page is not current.
pub(crate) fn check() -> Result<()> {
    document()?.check()
}

fn document() -> Result<Generated> {
    let text = std::fs::read_to_string(root().join("docs/contract.toml"))?;
    let mut claims = BTreeMap::new();
    collect(root(), &root().join("crates"), &mut claims)?;
    Ok(Generated::new(
        render(&text, &claims)?,
        "docs/contract-coverage.md",
        "cargo xtask contract",
    ))
}

fn collect(root: &Path, folder: &Path, claims: &mut BTreeMap<String, Vec<Test>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, claims)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            let file = path.strip_prefix(root)?.to_string_lossy().into_owned();
            claim(&file, &text, claims)?;
        }
    }
    Ok(())
}

/// Finds the claims of one file: each belongs to the next function below it.
fn claim(file: &str, text: &str, claims: &mut BTreeMap<String, Vec<Test>>) -> Result<()> {
    let mut waiting: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(ids) = line.strip_prefix(MARK) {
            waiting.extend(ids.split(',').map(|id| id.trim().to_owned()));
        } else if let Some(name) = function(line) {
            for id in waiting.drain(..) {
                let test = Test {
                    file: file.to_owned(),
                    name: name.to_owned(),
                };
                claims.entry(id).or_default().push(test);
            }
        }
    }
    if !waiting.is_empty() {
        bail!(
            "{file}: no test follows the claim of {}",
            waiting.join(", ")
        );
    }
    Ok(())
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

fn render(promises: &str, claims: &BTreeMap<String, Vec<Test>>) -> Result<String> {
    let table: Table = promises.parse().context("docs/contract.toml")?;
    let sections = table.get("section").and_then(|value| value.as_array());
    let mut text = "# Contract coverage\n\n\
        Which tests hold which promise of [the contract](contract.md). Written by `cargo xtask \
        contract` from the claims in the tests.\n"
        .to_owned();
    let mut known = Vec::new();
    let mut unheld = Vec::new();
    for section in sections.context("docs/contract.toml has no sections")? {
        let heading = section
            .get("heading")
            .and_then(|heading| heading.as_str())
            .context("a section without a heading")?;
        let promises = section.get("promises").and_then(|value| value.as_table());
        let anchor = slug(heading);
        writeln!(
            text,
            "\n## [{heading}](contract.md#{anchor})\n\n| promise | held by |\n| --- | --- |"
        )?;
        for (id, gist) in promises.context("a section without promises")? {
            known.push(id.clone());
            let Some(tests) = claims.get(id) else {
                unheld.push(id.clone());
                continue;
            };
            let mut tests = tests.clone();
            tests.sort();
            let names: Vec<_> = tests
                .iter()
                .map(|test| format!("[`{}`](../{})", test.name, test.file))
                .collect();
            let gist = gist.as_str().context("a gist is text")?;
            writeln!(text, "| {gist} | {} |", names.join(", "))?;
        }
    }
    if !unheld.is_empty() {
        bail!("no test holds {}", unheld.join(", "));
    }
    let unknown: Vec<_> = claims
        .keys()
        .filter(|id| !known.contains(id))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        bail!("docs/contract.toml does not know {}", unknown.join(", "));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISES: &str = "[[section]]\nheading = \"5. Signing in\"\n[section.promises]\n\"auth.login\" = \"signing in\"\n";

    fn claims(text: &str) -> BTreeMap<String, Vec<Test>> {
        let mut claims = BTreeMap::new();
        claim("crates/a/tests/it/auth.rs", text, &mut claims).unwrap();
        claims
    }

    #[test]
    fn a_promise_is_mapped_to_the_test_below_its_claim() {
        let claims = claims("/// contract: auth.login\n#[tokio::test]\nasync fn signs_in() {}\n");
        let page = render(PROMISES, &claims).unwrap();
        assert!(page.contains("## [5. Signing in](contract.md#5-signing-in)"));
        assert!(page.contains("| signing in | [`signs_in`](../crates/a/tests/it/auth.rs) |"));
    }

    #[test]
    fn a_promise_without_a_test_fails() {
        let error = render(PROMISES, &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("no test holds auth.login"));
    }

    #[test]
    fn a_claim_of_nothing_known_fails() {
        let claims = claims("/// contract: auth.login, auth.logan\nfn signs_in() {}\n");
        let error = render(PROMISES, &claims).unwrap_err();
        assert!(error.to_string().contains("auth.logan"));
    }

    #[test]
    fn a_claim_without_a_test_fails() {
        let mut claims = BTreeMap::new();
        assert!(claim("a.rs", "/// contract: auth.login\n", &mut claims).is_err());
    }
}
