//! `cargo xtask bench --growth`: what ten times the data costs.
//!
//! Two servers, one on each data set, are loaded in turn, in short windows, so that what else the
//! machine does hits both.

use std::fmt::Write as _;

use anyhow::Result;

use super::goals::{self, Figure};
use super::load::Figures;
use super::paths::{self, Path as Measured};
use super::run::{Bench, Built, Store};

const PATHS: [&str; 3] = [
    "bundle detail with 4 files",
    "page of 20 messages",
    "POST message",
];
const CONNECTIONS: u32 = 32;
const ROUNDS: u32 = 5;
const SECONDS: u32 = 3;

/// Two loads that were given in turn.
struct Compared {
    figure: Figure,
    /// Requests a second of each, and the share of each round.
    base: f64,
    other: f64,
    shares: Vec<f64>,
}

impl Compared {
    fn of(figure: Figure, rounds: &[[Figures; 2]]) -> Self {
        let sum = |side: usize| {
            let total = rounds
                .iter()
                .fold(Figures::default(), |sum, round| Figures {
                    requests: sum.requests + round[side].requests,
                    micros: sum.micros + round[side].micros,
                    ..sum
                });
            total.per_second()
        };
        Self {
            figure,
            base: sum(0),
            other: sum(1),
            shares: rounds
                .iter()
                .map(|[base, other]| other.per_second() / base.per_second())
                .collect(),
        }
    }

    fn share(&self) -> f64 {
        self.other / self.base
    }
}

/// Measures both data sets and says how they compare.
pub(super) fn run(programs: &Built) -> Result<String> {
    let default = Bench::start(programs, Store::sqlite()?, false)?;
    let large = Bench::start(programs, Store::sqlite()?, true)?;
    let mut found = Vec::new();
    for name in PATHS {
        let path = paths::named(name)?;
        let sides = [(&default, &path), (&large, &path)];
        found.push(Compared::of(Figure::Growth(name), &in_turn(sides)?));
    }
    let (first, last) = (paths::page_1(), paths::named(paths::PAGE_1000)?);
    let sides = [(&default, &first), (&default, &last)];
    found.push(Compared::of(Figure::LastPage, &in_turn(sides)?));
    Ok(markdown(&found))
}

/// Loads the two in turn; which comes first changes with every round.
fn in_turn(sides: [(&Bench, &Measured); 2]) -> Result<Vec<[Figures; 2]>> {
    let load = |(bench, path): (&Bench, &Measured)| {
        let arguments = bench.arguments(path)?;
        let base = bench.server.base();
        bench.wrk.run(&base, CONNECTIONS, SECONDS, &arguments)
    };
    (0..ROUNDS)
        .map(|round| {
            let [one, other] = sides;
            Ok(if round % 2 == 0 {
                [load(one)?, load(other)?]
            } else {
                let second = load(other)?;
                [load(one)?, second]
            })
        })
        .collect()
}

fn markdown(found: &[Compared]) -> String {
    let mut text = format!(
        "# Growth\n\n\
         Measured by `cargo xtask bench --growth` on SQLite and a folder, {CONNECTIONS} \
         connections, {ROUNDS} rounds of {SECONDS} s for each side, in turn.\n\n\
         | path | requests/s | compared | share | share of each round |\n\
         | --- | --: | --: | --: | --- |\n"
    );
    for compared in found {
        let rounds: Vec<_> = compared
            .shares
            .iter()
            .map(|one| format!("{one:.2}"))
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.2} | {} |",
            compared.figure,
            compared.base,
            compared.other,
            compared.share(),
            rounds.join(" ")
        );
    }
    let figures: Vec<_> = found.iter().map(|one| (one.figure, one.share())).collect();
    text.push('\n');
    text.push_str(&goals::table(&figures));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_all_rounds() {
        let of = |requests| Figures {
            requests,
            micros: 1_000_000,
            ..Figures::default()
        };
        let rounds = [[of(100), of(90)], [of(300), of(270)]];
        let compared = Compared::of(Figure::LastPage, &rounds);
        assert_eq!((compared.base, compared.other), (200.0, 180.0));
        let text = markdown(&[compared]);
        assert!(text.contains("| 200 | 180 | 0.90 | 0.90 0.90 |"), "{text}");
        assert!(text.contains("| at least 0.9 | 0.90 | yes |"), "{text}");
    }
}
