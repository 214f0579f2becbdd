//! Followers of the events: whatever is cut, killed and changed, they are told of what they may see.

mod follower;
mod history;
mod log;

use anyhow::Result;
use clap::Args;

use crate::args::CommonArgs;
use crate::permissions::table::{TABLE, Table};
use crate::postgres::Cluster;
use crate::programs::Programs;
use crate::report::Report;
use crate::seed::Seed;

use history::History;

/// How many cuts each set-up has at least, and how many changes a history has.
const SHORT: (u64, u32) = (250, 80);
const LONG: (u64, u32) = (10_000, 600);

/// Options of this test.
#[derive(Args)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Leave SQLite with a folder out
    #[arg(long, requires = "url")]
    without_sqlite: bool,
    #[command(flatten)]
    cluster: Cluster,
    /// Cuts of connections on each set-up at least [default: 250, and 10000 in the long form]
    #[arg(long, value_name = "N")]
    cuts: Option<u64>,
}

/// Random histories on SQLite with one server, and on PostgreSQL with two where a cluster is named.
pub(crate) async fn run(args: &EventsArgs) -> Result<Report> {
    let (cuts, changes) = if args.common.long { LONG } else { SHORT };
    let run = Run {
        seed: args.common.seed(),
        programs: args.common.programs()?,
        table: Table::parse(TABLE)?,
        cuts: args.cuts.unwrap_or(cuts),
        changes,
    };
    let mut report = Report::new();
    if !args.without_sqlite {
        run.histories(None, &mut report).await?;
    }
    if args.cluster.is_named() {
        run.histories(Some(&args.cluster), &mut report).await?;
    }
    Ok(report)
}

struct Run {
    seed: Seed,
    programs: Programs,
    table: Table,
    cuts: u64,
    changes: u32,
}

impl Run {
    /// One history after the other, until enough connections were cut.
    async fn histories(&self, cluster: Option<&Cluster>, report: &mut Report) -> Result<()> {
        let (set_up, first_part) = match cluster {
            None => ("SQLite and one server", 0),
            Some(_) => ("PostgreSQL and two servers", 1_000_000),
        };
        let mut cuts = 0;
        for number in 0.. {
            let seed = self.seed.part(first_part + number);
            let (programs, table) = (&self.programs, &self.table);
            let history = History::begin(programs, cluster, number, table, seed).await?;
            cuts += history.run(self.changes, report).await?;
            let (violations, seconds) = (report.violations(), report.elapsed().as_secs());
            eprintln!("{set_up}: {cuts} cuts, {violations} violations, {seconds} s");
            if cuts >= self.cuts {
                break;
            }
        }
        Ok(())
    }
}
