//! `cargo xtask coverage`: how much of the domain its own tests run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;
use crate::tools::TARPAULIN;
use crate::workspace::{root, target_dir};

/// The least share of the domain's lines, in percent.
const DOMAIN: f64 = 95.0;
/// The least share of the policy's lines, in percent.
const POLICY: f64 = 100.0;

pub(crate) fn run() -> Result<()> {
    let folder = target_dir()?.join("coverage");
    let mut command = TARPAULIN.command()?;
    // Built beside everything else: instrumented code has flags of its own.
    command.args([
        "--package=classdesk-domain",
        "--engine=llvm",
        "--skip-clean",
    ]);
    command.args([
        "--include-files=crates/classdesk-domain/src/*",
        "--out=Json",
    ]);
    command.arg("--target-dir").arg(&folder);
    command.arg("--output-dir").arg(&folder);
    process::run(&mut command)?;
    let report = folder.join("tarpaulin-report.json");
    let text = std::fs::read_to_string(&report)
        .with_context(|| format!("{} was not written", report.display()))?;
    let files = files(&serde_json::from_str(&text)?)?;
    let mut domain = Lines::default();
    let mut policy = Lines::default();
    for (path, lines) in &files {
        println!("{:>6.1} %  {path}", lines.percent());
        if !lines.missed.is_empty() {
            println!("          not run: {:?}", lines.missed);
        }
        domain.add(lines);
        if path.contains("/policy/") {
            policy.add(lines);
        }
    }
    println!("{:>6.1} %  of the domain", domain.percent());
    println!("{:>6.1} %  of the policy", policy.percent());
    if domain.percent() < DOMAIN || policy.percent() < POLICY {
        bail!("at least {DOMAIN} % of the domain and {POLICY} % of the policy have to be run");
    }
    Ok(())
}

/// The lines of a file.
#[derive(Debug, Default, PartialEq)]
struct Lines {
    run: usize,
    missed: Vec<u64>,
}

impl Lines {
    fn percent(&self) -> f64 {
        let all = self.run + self.missed.len();
        if all == 0 {
            return 100.0;
        }
        self.run as f64 * 100.0 / all as f64
    }

    fn add(&mut self, other: &Self) {
        self.run += other.run;
        self.missed.extend(&other.missed);
    }
}

/// The lines of each file of the report, by its path in the repository.
fn files(report: &Value) -> Result<BTreeMap<String, Lines>> {
    let files = report["files"].as_array().context("no files")?;
    let mut all = BTreeMap::new();
    for file in files {
        let parts = file["path"].as_array().context("a file without a path")?;
        let path: std::path::PathBuf = parts.iter().filter_map(Value::as_str).collect();
        let path = path.strip_prefix(root()).unwrap_or(&path);
        let mut lines = Lines::default();
        for trace in file["traces"].as_array().context("a file without lines")? {
            let line = trace["line"].as_u64().context("a line without a number")?;
            let hits = trace["stats"]["Line"].as_u64();
            match hits.context("a line without its hits")? {
                0 => lines.missed.push(line),
                _ => lines.run += 1,
            }
        }
        if !is_test(path) {
            all.insert(path.display().to_string(), lines);
        }
    }
    Ok(all)
}

/// Whether a file is itself a test.
fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_by_file() {
        let line = |line, hits| serde_json::json!({ "line": line, "stats": { "Line": hits } });
        let path = |name: &str| {
            let path = root().join("crates/classdesk-domain/src").join(name);
            path.iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let report = serde_json::json!({ "files": [
            { "path": path("ids.rs"), "traces": [line(3, 2), line(4, 0), line(7, 1)] },
            { "path": path("policy/tests/table.rs"), "traces": [line(1, 0)] },
        ] });
        let read = files(&report).unwrap();
        let expected = Lines {
            run: 2,
            missed: vec![4],
        };
        let name = "crates/classdesk-domain/src/ids.rs".to_owned();
        assert_eq!(read, BTreeMap::from([(name, expected)]));
    }
}
