//! The dependency rule: arrows point to the domain, and adapters never see each other.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

const DOMAIN: &str = "classdesk-domain";
const HTTP: &str = "classdesk-http";
const MEMORY: &str = "classdesk-memory";
const CONFORMANCE: &str = "classdesk-conformance";
const S3_TEST_SERVER: &str = "classdesk-s3-test-server";
const SYSTEM_TESTS: &str = "classdesk-system-tests";
const TEST_BROWSER: &str = "classdesk-test-browser";

/// Each crate of this workspace and those of its siblings that it may build on. Tests may use
/// what is [for tests](FOR_TESTS) as well. The server puts everything together.
const MAY_USE: [(&str, &[&str]); 15] = [
    (DOMAIN, &[]),
    (MEMORY, &[DOMAIN]),
    (CONFORMANCE, &[DOMAIN, MEMORY]),
    (S3_TEST_SERVER, &[]),
    (TEST_BROWSER, &[]),
    ("classdesk-diesel", &[DOMAIN]),
    ("classdesk-object-store", &[DOMAIN]),
    ("classdesk-argon2", &[DOMAIN]),
    ("classdesk-webhook", &[DOMAIN]),
    ("classdesk-identity", &[DOMAIN]),
    (HTTP, &[DOMAIN]),
    ("classdesk-api", &[DOMAIN, HTTP]),
    (
        "classdesk-server",
        &[
            DOMAIN,
            MEMORY,
            "classdesk-diesel",
            "classdesk-object-store",
            "classdesk-argon2",
            "classdesk-webhook",
            "classdesk-identity",
            HTTP,
            "classdesk-api",
        ],
    ),
    // It tests the program from outside, and shares nothing with it.
    (SYSTEM_TESTS, &[]),
    ("xtask", &[]),
];

/// What every crate's tests may use, and nothing else may.
const FOR_TESTS: [&str; 5] = [
    MEMORY,
    CONFORMANCE,
    S3_TEST_SERVER,
    SYSTEM_TESTS,
    TEST_BROWSER,
];

/// What the domain gets along without, as the beginnings of package names.
const NOT_IN_DOMAIN: [&str; 5] = ["actix", "diesel", "object_store", "serde", "tokio"];

/// Checks what the manifests of the workspace name.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let members = metadata["workspace_members"]
        .as_array()
        .context("cargo metadata lists no members")?;
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        if !members.contains(&package["id"]) {
            continue;
        }
        let name = package["name"].as_str().context("a package has no name")?;
        let Some((_, may_use)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            faults.push(format!(
                "{name}: a crate without a place in the dependency rule (xtask/src/tidy/dependencies.rs)"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let in_tests = dependency["kind"] == "dev";
            // A crate's tests may name the crate itself, to switch its features on.
            let is_sibling = used != name && MAY_USE.iter().any(|(known, _)| *known == used);
            if is_sibling && !may_use.contains(&used) && !(in_tests && FOR_TESTS.contains(&used)) {
                faults.push(format!("{name}: must not depend on {used}"));
            }
        }
    }
    Ok(faults)
}

/// Checks what the domain of the workspace in this folder brings with it.
pub(super) fn check_domain(root: &Path) -> Result<Vec<String>> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root);
    tree.args([
        "tree",
        "--package",
        DOMAIN,
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
    ]);
    let tree = process::output(&mut tree)?;
    let mut names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| NOT_IN_DOMAIN.iter().any(|start| name.starts_with(start)))
        .collect();
    names.sort_unstable();
    names.dedup();
    let fault = |name| format!("{DOMAIN}: must not bring {name} with it");
    Ok(names.into_iter().map(fault).collect())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::tidy::tree::Tree;

    /// A workspace of these crates, each with its normal and its development dependencies.
    fn workspace(crates: &[(&str, &[&str], &[&str])]) -> Tree {
        let mut files = vec![(
            "Cargo.toml".to_owned(),
            "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\".git\"]\n".to_owned(),
        )];
        for (name, normal, dev) in crates {
            let mut manifest =
                format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
            for (section, names) in [("dependencies", normal), ("dev-dependencies", dev)] {
                writeln!(manifest, "[{section}]").expect("memory");
                for name in *names {
                    writeln!(manifest, "{name} = {{ path = \"../{name}\" }}").expect("memory");
                }
            }
            files.push((format!("{name}/Cargo.toml"), manifest));
            files.push((format!("{name}/src/lib.rs"), String::new()));
        }
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text))
            .collect();
        Tree::fixture(&files)
    }

    fn check_workspace(crates: &[(&str, &[&str], &[&str])]) -> Vec<String> {
        let tree = workspace(crates);
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(tree.root());
        command.args(["metadata", "--format-version=1", "--offline"]);
        let metadata = process::output(&mut command).expect("metadata of the fixture");
        check(&serde_json::from_str(&metadata).expect("JSON")).expect("metadata that is complete")
    }

    #[test]
    fn the_intended_shape_passes() {
        let faults = check_workspace(&[
            (DOMAIN, &[], &[CONFORMANCE]),
            (CONFORMANCE, &[DOMAIN], &[]),
            ("classdesk-diesel", &[DOMAIN], &[CONFORMANCE]),
            ("classdesk-http", &[DOMAIN], &[]),
            (
                "classdesk-server",
                &[DOMAIN, "classdesk-diesel", "classdesk-http"],
                &[CONFORMANCE],
            ),
        ]);
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn an_adapter_that_sees_another_is_a_fault() {
        let crates: &[(&str, &[&str], &[&str])] = &[
            (DOMAIN, &[], &[]),
            ("classdesk-diesel", &[DOMAIN], &[]),
            ("classdesk-http", &[DOMAIN], &["classdesk-diesel"]),
        ];
        let faults = check_workspace(crates);
        assert_eq!(
            faults,
            ["classdesk-http: must not depend on classdesk-diesel"]
        );
    }

    #[test]
    fn what_is_for_tests_is_for_tests_alone() {
        let faults = check_workspace(&[
            (DOMAIN, &[], &[]),
            (CONFORMANCE, &[DOMAIN], &[]),
            ("classdesk-http", &[DOMAIN, CONFORMANCE], &[]),
        ]);
        assert_eq!(
            faults,
            ["classdesk-http: must not depend on classdesk-conformance"]
        );
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        let faults = check_workspace(&[("classdesk-extras", &[], &[])]);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn the_domain_is_kept_free_of_technology() {
        let clean = workspace(&[
            (DOMAIN, &["time"], &["tokio"]),
            ("time", &[], &[]),
            ("tokio", &[], &[]),
        ]);
        assert_eq!(check_domain(clean.root()).expect("a tree"), [""; 0]);

        let broken = workspace(&[
            (DOMAIN, &["time"], &[]),
            ("time", &["serde_core"], &[]),
            ("serde_core", &[], &[]),
        ]);
        let faults = check_domain(broken.root()).expect("a tree");
        assert_eq!(
            faults,
            ["classdesk-domain: must not bring serde_core with it"]
        );
    }
}
