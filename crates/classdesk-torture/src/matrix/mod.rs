//! The whole permission space over HTTP, compared with an independent table of the contract.

mod cells;
mod desk;
mod doors;
mod effects;
mod facts;
mod histories;
mod polls;
mod specimens;
mod table;

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use fastrand::Rng;

use crate::cli::CommonArgs;
use crate::program::Programs;
use crate::report::Report;
use cells::Cell;
use desk::{Desk, Findings};
use table::Table;

/// How many comparisons random histories make in the short form and in the long one.
const DECISIONS: (u64, u64) = (5_000, 120_000);

/// The kinds of objects, in groups that take about as long as each other.
const GROUPS: [&[&str]; 2] = [
    &["nothing", "person", "bundle", "order", "file"],
    &[
        "thread",
        "message",
        "ticket",
        "ticket_note",
        "ticket_attachment",
    ],
];

/// The part of the seed that the first world of the random histories lives by.
const FIRST_STRAND: u64 = 16;

/// Options of this attack.
#[derive(Args)]
pub(crate) struct MatrixArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// How many comparisons random histories make [default: 5000; long: 120000]
    #[arg(long, value_name = "N")]
    decisions: Option<u64>,
}

/// Tries the cells of the table, every one of them in the long form, then random histories.
pub(crate) async fn run(args: &MatrixArgs) -> Result<Report> {
    let mut report = Report::new();
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let table = Table::of_the_contract()?;
    let (short, long) = DECISIONS;
    let default = if args.common.long { long } else { short };
    let decisions = args.decisions.unwrap_or(default);

    let [left, right] = GROUPS;
    let (left, right) = tokio::try_join!(
        try_cells(&programs, &table, seed.rng(0), left, args.common.long),
        try_cells(&programs, &table, seed.rng(1), right, args.common.long),
    )?;
    let mut missing = cells::all(&table)?;
    for (tried, found) in [left, right] {
        report.add("cells", tried.len() as u64);
        missing.retain(|cell| !tried.contains(cell));
        report.add("comparisons of cells", found.decisions);
        tell(&mut report, found);
    }
    if args.common.long {
        for cell in missing {
            report.violation(format!("nobody tried {cell:?}"));
        }
    }

    let half = decisions.div_ceil(2);
    let (left, right) = tokio::try_join!(
        histories::run(&programs, &table, seed, half, FIRST_STRAND),
        histories::run(&programs, &table, seed, half, FIRST_STRAND + 1),
    )?;
    for found in [left, right] {
        report.add("comparisons in random histories", found.decisions);
        tell(&mut report, found);
    }
    Ok(report)
}

async fn try_cells(
    programs: &Programs,
    table: &Table,
    rng: Rng,
    kinds: &[&str],
    every: bool,
) -> Result<(BTreeSet<Cell>, Findings)> {
    let mut desk = Desk::open(programs, table, rng).await?;
    let tried = cells::try_kinds(&mut desk, kinds, every).await?;
    Ok((tried, desk.close().await?))
}

fn tell(report: &mut Report, found: Findings) {
    report.add("requests", found.requests);
    report.add("polls with an earlier tag", found.polls);
    for difference in found.differences {
        report.violation(difference);
    }
}
