//! What was promised, and whether the figures keep it.

use std::fmt::{self, Write as _};

use super::floor::Floor;

/// What a figure is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Figure {
    /// A path at so many connections, as a share of its floor.
    Ratio(&'static str, u32, Floor),
    /// The greatest p99 in p50s over the paths that answer in milliseconds.
    Spread(u32),
    /// Resident memory before the first request, in MiB.
    IdleMemory,
    /// The greatest resident memory over the paths at so many connections, in MiB.
    Memory(u32),
    /// The greatest resident memory of one path at so many connections, in MiB.
    MemoryOf(&'static str, u32),
    /// A path's requests/s with the large data set, as a share of those with the default one.
    Growth(&'static str),
    /// The requests/s of page 1,000 of a thread, as a share of those of its page 1.
    LastPage,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};
use Figure::{Growth, IdleMemory, LastPage, Memory, MemoryOf, Ratio, Spread};
use Floor::{Copy, Nginx, Pgbench, Route};

/// Every goal that a run can measure. A run speaks of those whose figure it has.
const GOALS: [(Figure, Bound); 23] = [
    (
        Ratio("bundle detail with 4 files", 32, Route),
        AtLeast(0.35),
    ),
    (Ratio("page of 20 messages", 32, Route), AtLeast(0.25)),
    (Ratio("threads of a bundle", 32, Route), AtLeast(0.20)),
    (Ratio("files of a bundle", 32, Route), AtLeast(0.20)),
    (Ratio("tickets of a bundle", 32, Route), AtLeast(0.20)),
    (Ratio("POST message", 32, Route), AtLeast(0.12)),
    (Ratio("90 % reads, 10 % writes", 32, Route), AtLeast(0.20)),
    (
        Ratio("bundle detail with 4 files", 32, Pgbench),
        AtLeast(0.5),
    ),
    (Ratio("page of 20 messages", 32, Pgbench), AtLeast(0.5)),
    (Ratio("POST message", 32, Pgbench), AtLeast(0.5)),
    (Ratio("download of 100 KB", 1, Nginx), AtLeast(0.5)),
    (Ratio("download of 100 MB", 1, Nginx), AtLeast(0.8)),
    (Ratio("download of 100 MB", 16, Nginx), AtLeast(0.8)),
    (Ratio("upload of 100 MB", 1, Copy), AtLeast(0.6)),
    (Ratio("upload of 100 MB", 16, Copy), AtLeast(0.6)),
    (Spread(32), AtMost(5.0)),
    (IdleMemory, AtMost(48.0)),
    (Memory(256), AtMost(160.0)),
    (MemoryOf("upload of 100 MB", 16), AtMost(128.0)),
    (Growth("bundle detail with 4 files"), AtLeast(0.9)),
    (Growth("page of 20 messages"), AtLeast(0.9)),
    (Growth("POST message"), AtLeast(0.9)),
    (LastPage, AtLeast(0.9)),
];

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            AtLeast(least) => value >= least,
            AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtLeast(least) => write!(f, "at least {least}"),
            AtMost(most) => write!(f, "at most {most}"),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ratio(path, connections, floor) => write!(
                f,
                "{path} at {connections} connections, of {}",
                floor.name()
            ),
            Spread(connections) => {
                write!(f, "p99/p50 at {connections} connections, the worst path")
            }
            IdleMemory => write!(f, "resident memory when idle, MiB"),
            Memory(connections) => {
                write!(f, "resident memory under {connections} connections, MiB")
            }
            MemoryOf(path, connections) => write!(
                f,
                "resident memory during {path} on {connections} connections, MiB"
            ),
            Growth(path) => write!(f, "{path}: requests/s with ten times the data"),
            LastPage => write!(f, "page 1,000 of a thread: requests/s of page 1"),
        }
    }
}

/// The table of the goals whose figures were found.
pub(super) fn table(found: &[(Figure, f64)]) -> String {
    let mut text = "| goal | bound | figure | met |\n| --- | --- | --: | --- |\n".to_owned();
    for (figure, bound) in GOALS {
        let Some((_, value)) = found.iter().find(|(of, _)| *of == figure) else {
            continue;
        };
        let met = if bound.is_met(*value) {
            "yes"
        } else {
            "**no**"
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {figure} | {bound} | {value:.2} | {met} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_goals_that_were_measured() {
        let found = [
            (Ratio("POST message", 32, Pgbench), 0.5),
            (IdleMemory, 48.1),
            (Spread(256), 9.0),
        ];
        let text = table(&found);
        assert!(
            text.contains(
                "| POST message at 32 connections, of pgbench | at least 0.5 | 0.50 | yes |"
            ),
            "{text}"
        );
        assert!(
            text.contains("| resident memory when idle, MiB | at most 48 | 48.10 | **no** |"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn every_goal_names_a_path_that_is_measured() {
        let paths: Vec<_> = crate::bench::paths::all();
        for (figure, _) in GOALS {
            let (Ratio(name, ..) | MemoryOf(name, _) | Growth(name)) = figure else {
                continue;
            };
            let path = paths.iter().find(|path| path.name == name);
            let path = path.unwrap_or_else(|| panic!("{figure}"));
            if let Ratio(_, connections, _) | MemoryOf(_, connections) = figure {
                assert!(path.connections.contains(&connections), "{figure}");
            }
        }
    }
}
