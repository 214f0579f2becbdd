//! Whether what a server shows is what the model expects.

mod bytes;
mod containers;
mod feed;
mod items;

use std::collections::HashSet;

use anyhow::Result;
use serde_json::Value;

use crate::load::Fixture;
use crate::load::model::{Model, Number, Stamp, State, Variable};
use crate::report::Report;

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// The bytes of every file.
    All,
    /// The bytes of files that were not compared before.
    New,
}

/// One comparison of everything.
pub(crate) struct Verification<'a> {
    fixture: &'a Fixture,
    model: &'a Model,
    url: String,
    /// When the run was cut off; everything acknowledged by then has to be there.
    cut: Stamp,
    /// Whether what is seen now has to stay so.
    settles: bool,
    report: &'a mut Report,
    /// Whose bytes were compared, by this or an earlier comparison.
    compared: &'a mut HashSet<Number>,
    /// How many files with bytes are there.
    files: u64,
    /// What the feed tells of.
    feed: Vec<Value>,
}

/// What a comparison learned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// How many files with bytes are there.
    pub(crate) files: u64,
}

/// Compares everything after a restart; what is seen has to stay.
pub(crate) async fn after_restart(
    (fixture, model): (&Fixture, &Model),
    url: &str,
    bytes: Bytes,
    compared: &mut HashSet<Number>,
    report: &mut Report,
) -> Result<Seen> {
    for violation in model.take_violations() {
        report.violation(violation);
    }
    if bytes == Bytes::All {
        compared.clear();
    }
    let verification = Verification {
        fixture,
        model,
        url: url.to_owned(),
        cut: Stamp::MAX,
        settles: true,
        report,
        compared,
        files: 0,
        feed: Vec::new(),
    };
    verification.run().await
}

/// Compares everything with what had happened by an instant.
pub(crate) async fn at_cut(
    (fixture, model): (&Fixture, &Model),
    url: &str,
    cut: Stamp,
    report: &mut Report,
) -> Result<Seen> {
    let verification = Verification {
        fixture,
        model,
        url: url.to_owned(),
        cut,
        settles: false,
        report,
        compared: &mut HashSet::new(),
        files: 0,
        feed: Vec::new(),
    };
    verification.run().await
}

impl Verification<'_> {
    async fn run(mut self) -> Result<Seen> {
        self.feed = self.fixture.superadmin.at(&self.url).feed().await?;
        for thread in self.fixture.threads {
            self.check_thread(thread).await?;
        }
        for bundle in self.fixture.bundles {
            self.check_bundle(bundle).await?;
        }
        Ok(Seen { files: self.files })
    }

    /// Checks that a state is one of those that are possible.
    fn check_state(&mut self, variable: Variable, seen: State) {
        let possible = self.model.states(variable, self.cut);
        if possible.contains(&seen) {
            if self.settles && possible.len() > 1 {
                self.model.settle(variable, seen);
            }
        } else {
            self.report
                .violation(format!("{variable:?} is {seen:?}, expected {possible:?}"));
        }
    }
}
