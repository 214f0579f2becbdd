//! Every permission over HTTP, compared with a table that was written from the contract.

mod attempts;
mod cells;
mod effects;
pub(crate) mod facts;
mod feed;
pub(crate) mod fixture;
pub(crate) mod histories;
mod local_server;
mod requests;
pub(crate) mod rights;
mod scenarios;
pub(crate) mod table;
mod views;

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use fastrand::Rng;

use crate::args::CommonArgs;
use crate::programs::Programs;
use crate::report::Report;
use cells::Cell;
use fixture::{Findings, Fixture};
use local_server::LocalServer;

pub use fixture::Target;
pub use table::{TABLE, Table};

/// How many comparisons random histories make in the short form and in the long one.
const DECISIONS: (u64, u64) = (5_000, 120_000);

/// The kinds of objects, in groups that take about as long as each other.
const GROUPS: [&[&str]; 2] = [
    &["nothing", "person", "webhook", "bundle", "order", "file"],
    &[
        "thread",
        "message",
        "ticket",
        "ticket_note",
        "ticket_attachment",
    ],
];

/// The part of the seed that the first run of the random histories follows from.
const FIRST_PART: u64 = 16;

/// Options of this test.
#[derive(Args)]
pub(crate) struct PermissionsArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// How many comparisons random histories make [default: 5000; long: 120000]
    #[arg(long, value_name = "N")]
    decisions: Option<u64>,
}

/// Tries the cells of the table, every one of them in the long form, then random histories.
pub(crate) async fn run(args: &PermissionsArgs) -> Result<Report> {
    let mut report = Report::new();
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let table = Table::parse(TABLE)?;
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
        add_to(&mut report, found);
    }
    if args.common.long {
        for cell in missing {
            report.violation(format!("not tried: {cell:?}"));
        }
    }

    let half = decisions.div_ceil(2);
    let (left, right) = tokio::try_join!(
        histories::run(&programs, &table, seed, half, FIRST_PART),
        histories::run(&programs, &table, seed, half, FIRST_PART + 1),
    )?;
    for found in [left, right] {
        report.add("comparisons in random histories", found.decisions);
        add_to(&mut report, found);
    }
    Ok(report)
}

/// Tries every cell about these kinds of objects on a server that has a superadmin and nothing else.
/// Gives what differs from the table.
///
/// # Errors
///
/// When the server can't be asked, or refuses what a cell needs to be tried.
pub async fn differences(target: &Target, table: &Table, kinds: &[&str]) -> Result<Vec<String>> {
    let mut fixture = Fixture::start(target, table, Rng::with_seed(0)).await?;
    cells::try_kinds(&mut fixture, kinds, true).await?;
    Ok(fixture.found.differences)
}

async fn try_cells(
    programs: &Programs,
    table: &Table,
    rng: Rng,
    kinds: &[&str],
    every: bool,
) -> Result<(BTreeSet<Cell>, Findings)> {
    let server = LocalServer::start(programs).await?;
    let mut fixture = Fixture::start(server.target(), table, rng).await?;
    let tried = cells::try_kinds(&mut fixture, kinds, every).await?;
    server.stop().await?;
    Ok((tried, fixture.found))
}

fn add_to(report: &mut Report, found: Findings) {
    report.add("requests", found.requests);
    for difference in found.differences {
        report.violation(difference);
    }
}
