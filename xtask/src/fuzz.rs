//! `cargo xtask fuzz`: throws bytes at everything that reads what strangers send.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::flags::Fuzz;
use crate::process;
use crate::tools::FUZZ;
use crate::workspace::root;

/// How long each target runs when nobody says otherwise.
const SECONDS: u32 = 60;
/// An input that takes longer than this, or needs more memory, is a finding.
const LIMITS: [&str; 2] = ["-timeout=5", "-rss_limit_mb=1024"];

pub(crate) fn run(flags: &Fuzz) -> Result<()> {
    let known = targets(root())?;
    if let Some(unknown) = flags.target.iter().find(|target| !known.contains(target)) {
        bail!(
            "there is no target {unknown}; the targets are {}",
            known.join(", ")
        );
    }
    let chosen = if flags.target.is_empty() {
        &known
    } else {
        &flags.target
    };
    let seconds = flags.seconds.unwrap_or(SECONDS);
    for target in chosen {
        let mut fuzz = FUZZ.command()?;
        // What is found is kept apart from the seeds, which are committed.
        let corpus = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&corpus)?;
        fuzz.args(["run", target]).arg(corpus);
        fuzz.arg(root().join("fuzz/seeds").join(target));
        fuzz.arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .args(LIMITS);
        fuzz.args(["-print_final_stats=1", "-verbosity=1"]);
        // What leaks is seen by the memory. The sanitizer's own search, also the one at the end,
        // takes the server that the targets keep for a leak.
        fuzz.env("ASAN_OPTIONS", "detect_leaks=0");
        // The sanitizers need a nightly compiler.
        fuzz.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO");
        process::run(&mut fuzz)?;
    }
    Ok(())
}

fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
