//! `cargo xtask ci`: everything that has to hold before a change lands.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::cargo;
use crate::{deny, drift, flags, process, schemathesis, system_tests, test, tidy};

type Step = fn() -> Result<()>;

/// The steps in their order: what is quick and breaks often comes first.
const STEPS: [(&str, Step); 9] = [
    ("fmt", fmt),
    ("clippy", clippy),
    ("tidy", tidy::rules),
    ("test", tests),
    ("doc", doc),
    ("deny", deny::run),
    ("drift", drift::run),
    ("schemathesis", schemathesis::short),
    ("system-tests", system_tests::short),
];

/// How many of the slowest steps the summary names.
const SLOWEST: usize = 3;

pub(crate) fn run(flags: &flags::Ci) -> Result<()> {
    for skipped in &flags.skip {
        if !STEPS.iter().any(|(name, _)| name == skipped) {
            bail!(
                "there is no step {skipped}; the steps are {}",
                STEPS.map(|(name, _)| name).join(", ")
            );
        }
    }
    let mut took = Vec::new();
    let mut outcome = Ok(());
    for (name, step) in STEPS {
        if flags.skip.iter().any(|skipped| skipped == name) {
            continue;
        }
        eprintln!("=== {name}");
        let begin = Instant::now();
        outcome = step().with_context(|| format!("step {name}"));
        took.push((name, begin.elapsed()));
        if outcome.is_err() {
            break;
        }
    }
    eprintln!("{}", summary(&took));
    outcome
}

fn summary(took: &[(&str, Duration)]) -> String {
    let seconds = |(name, took): &(&str, Duration)| format!("{name} {:.1} s", took.as_secs_f64());
    let all: Vec<String> = took.iter().map(seconds).collect();
    let mut slowest = took.to_vec();
    slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let slowest: Vec<String> = slowest.iter().take(SLOWEST).map(seconds).collect();
    format!(
        "=== {}\n=== slowest: {}",
        all.join(", "),
        slowest.join(", ")
    )
}

fn fmt() -> Result<()> {
    process::run(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    process::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-Dwarnings",
    ]))
}

fn tests() -> Result<()> {
    test::run(&flags::Test {
        filter: Vec::new(),
        sqlite: false,
        postgres: false,
    })
}

fn doc() -> Result<()> {
    process::run(
        cargo()
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--all-features",
                "--locked",
            ])
            .env("RUSTDOCFLAGS", "-Dwarnings"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_the_slowest_steps() {
        let took = [("fmt", 1), ("clippy", 30), ("tidy", 2), ("test", 100)]
            .map(|(name, seconds)| (name, Duration::from_secs(seconds)));
        assert_eq!(
            summary(&took),
            "=== fmt 1.0 s, clippy 30.0 s, tidy 2.0 s, test 100.0 s\n\
             === slowest: test 100.0 s, clippy 30.0 s, tidy 2.0 s"
        );
    }
}
