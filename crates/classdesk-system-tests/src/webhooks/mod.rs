//! Killed while it sends to webhooks: every event arrives, and has one delivery for each of them.

mod receiver;
mod round;

use anyhow::Result;
use clap::Args;

use crate::args::CommonArgs;
use crate::postgres::Cluster;
use crate::preload::Preload;
use crate::programs::Programs;
use crate::report::Report;
use crate::seed::Seed;

use round::Round;

/// Kills on each set-up in the short form and in the long one.
const SHORT: u32 = 6;
const LONG: u32 = 100;

/// Options of this test.
#[derive(Args)]
pub(crate) struct WebhooksArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Leave SQLite with a folder out
    #[arg(long, requires = "url")]
    without_sqlite: bool,
    #[command(flatten)]
    cluster: Cluster,
    /// Kills on each set-up [default: 6, and 100 in the long form]
    #[arg(long, value_name = "N")]
    kills: Option<u32>,
}

/// One server on SQLite, and two on PostgreSQL where a cluster is named.
pub(crate) async fn run(args: &WebhooksArgs) -> Result<Report> {
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let clock = Preload::clock().await?;
    let default = if args.common.long { LONG } else { SHORT };
    let kills = args.kills.unwrap_or(default);
    let mut report = Report::new();
    if !args.without_sqlite {
        let set_up = (&programs, &clock, None, seed.part(0));
        on("SQLite and one server", set_up, kills, &mut report).await?;
    }
    if args.cluster.is_named() {
        let set_up = (&programs, &clock, Some(&args.cluster), seed.part(1));
        on("PostgreSQL and two servers", set_up, kills, &mut report).await?;
    }
    Ok(report)
}

type SetUp<'a> = (&'a Programs, &'a Preload, Option<&'a Cluster>, Seed);

async fn on(name: &str, set_up: SetUp<'_>, kills: u32, report: &mut Report) -> Result<()> {
    let (programs, clock, cluster, seed) = set_up;
    let round = Round::begin(programs, clock, cluster, seed).await?;
    round.run(kills, report).await?;
    let (violations, seconds) = (report.violations(), report.elapsed().as_secs());
    eprintln!("{name}: {kills} kills, {violations} violations, {seconds} s");
    Ok(())
}
