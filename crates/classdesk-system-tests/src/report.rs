//! What a test found.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many violations are printed; one bug can cause thousands.
const PRINTED: usize = 50;

/// Counts and violations of a run.
#[derive(Debug)]
pub struct Report {
    begun: Instant,
    counts: Vec<(&'static str, u64)>,
    violations: u64,
}

impl Report {
    /// An empty one; the clock starts now.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            counts: Vec::new(),
            violations: 0,
        }
    }

    /// Adds to a count.
    pub(crate) fn add(&mut self, what: &'static str, number: u64) {
        match self.counts.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += number,
            None => self.counts.push((what, number)),
        }
    }

    /// Notes a broken promise, and prints it unless there were many.
    pub(crate) fn violation(&mut self, what: impl AsRef<str>) {
        self.violations += 1;
        if self.violations <= PRINTED as u64 {
            eprintln!("VIOLATION {}", what.as_ref());
        }
    }

    /// How many promises were broken.
    pub(crate) const fn violations(&self) -> u64 {
        self.violations
    }

    /// How long it has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Prints everything; the program's end says whether promises were broken.
    pub fn print(&self) -> ExitCode {
        for (what, count) in &self.counts {
            println!("{count:>10}  {what}");
        }
        println!("{:>10}  violations", self.violations);
        println!("{:>8.1} s  wall time", self.elapsed().as_secs_f64());
        if self.violations == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
