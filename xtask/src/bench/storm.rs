//! What a storm of logins does to everybody else.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::load::Figures;
use super::paths;

/// Paths that people wait for while others sign in.
const PATHS: [&str; 2] = ["bundle detail with 4 files", "page of 20 messages"];

/// Connections of the measured load, and how long each pauses at most before a request: some 700
/// requests a second. A load without pauses fills both cores by itself, and its p99 would be its
/// own queue; one of few requests would have too few for a p99.
const CONNECTIONS: u32 = 16;
const PAUSE_MILLIS: &str = "40";

/// Connections that sign in: as many as the server lets wait for its two hashes at once.
const LOGINS: u32 = 64;

const SECONDS: u32 = 5;
/// How long the storm has blown before it is looked at.
const RISE: u32 = 1;

/// One path before, in and after a storm.
#[derive(Debug, Clone)]
pub(super) struct Storm {
    pub(super) path: &'static str,
    pub(super) before: Figures,
    pub(super) within: Figures,
    pub(super) after: Figures,
    pub(super) logins: Figures,
}

impl Storm {
    /// The p99 without logins, in microseconds.
    pub(super) fn quiet(&self) -> f64 {
        (self.before.p99 + self.after.p99) as f64 / 2.0
    }

    /// The p99 with them, in p99s without.
    pub(super) fn slowdown(&self) -> f64 {
        self.within.p99 as f64 / self.quiet().max(1.0)
    }
}

impl Bench {
    pub(super) fn storms(&self) -> Result<Vec<Storm>> {
        PATHS.into_iter().map(|name| self.storm(name)).collect()
    }

    fn storm(&self, name: &'static str) -> Result<Storm> {
        let mut arguments = self.arguments(&paths::named(name)?)?;
        // The same request, with pauses.
        "calm".clone_into(&mut arguments[0]);
        arguments.push(PAUSE_MILLIS.to_owned());
        let login = self.arguments(&paths::named(paths::LOGIN)?)?;
        let base = self.server.base();
        let look = || self.wrk.run(&base, CONNECTIONS, SECONDS, &arguments);
        let before = look()?;
        let logins = self
            .wrk
            .start(&base, LOGINS, RISE + SECONDS + RISE, &login)?;
        std::thread::park_timeout(Duration::from_secs(RISE.into()));
        let within = look()?;
        let logins = logins.finish()?;
        let after = look()?;
        let storm = Storm {
            path: name,
            before,
            within,
            after,
            logins,
        };
        eprintln!("{name}: p99 in a storm {:.1} of quiet", storm.slowdown());
        Ok(storm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quiet_figure_is_from_both_sides() {
        let of = |p99| Figures {
            p99,
            ..Figures::default()
        };
        let storm = Storm {
            path: "a",
            before: of(1_000),
            within: of(6_000),
            after: of(3_000),
            logins: of(0),
        };
        assert_eq!(storm.slowdown(), 3.0);
    }
}
