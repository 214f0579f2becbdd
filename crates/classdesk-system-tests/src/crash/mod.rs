//! Killed under load: what was acknowledged is there once, after every restart.

mod follower;
mod round;

use anyhow::Result;
use clap::Args;

use crate::args::CommonArgs;
use crate::postgres::Cluster;
use crate::preload::Preload;
use crate::programs::Programs;
use crate::report::Report;
use crate::seed::Seed;
use crate::stores::Stores;

use round::{IN_ROUND, Round};

/// Kills of each set-up in the short form.
const SHORT: u32 = 5;
/// Kills of each set-up in the long form.
const LONG: u32 = 500;

/// Options of the attack.
#[derive(Args)]
pub(crate) struct CrashArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Leave SQLite with a folder out
    #[arg(long, requires = "url")]
    without_sqlite: bool,
    #[command(flatten)]
    cluster: Cluster,
    /// Kills of each set-up [default: 5, and 500 in the long form]
    #[arg(long, value_name = "N")]
    kills: Option<u32>,
}

/// Attacks SQLite with a folder, and PostgreSQL with S3 where a cluster is named.
pub(crate) async fn run(args: &CrashArgs) -> Result<Report> {
    let attack = Attack {
        seed: args.common.seed(),
        programs: args.common.programs()?,
        clock: Preload::clock().await?,
        kills: args
            .kills
            .unwrap_or(if args.common.long { LONG } else { SHORT }),
    };
    let mut report = Report::new();
    if !args.without_sqlite {
        attack.local(&mut report).await?;
    }
    if args.cluster.is_named() {
        attack.remote(&args.cluster, &mut report).await?;
    }
    Ok(report)
}

struct Attack {
    seed: Seed,
    programs: Programs,
    clock: Preload,
    kills: u32,
}

impl Attack {
    /// The rounds: their numbers, and how many kills each has.
    fn rounds(&self) -> impl Iterator<Item = (u32, u32)> {
        let kills = self.kills;
        (0..kills.div_ceil(IN_ROUND))
            .map(move |round| (round, IN_ROUND.min(kills - round * IN_ROUND)))
    }

    async fn local(&self, report: &mut Report) -> Result<()> {
        for (number, kills) in self.rounds() {
            let seed = self.seed.part(u64::from(number));
            let round = Round::begin(&self.programs, Stores::local()?, None, seed, report).await?;
            round.run(kills, &self.clock).await?;
            tell("SQLite and a folder", number, kills, report);
        }
        Ok(())
    }

    async fn remote(&self, cluster: &Cluster, report: &mut Report) -> Result<()> {
        for (number, kills) in self.rounds() {
            let seed = self.seed.part(1_000_000 + u64::from(number));
            let stores =
                Stores::remote(&self.programs, cluster, &format!("round_{number}")).await?;
            let round = Round::begin(&self.programs, stores, Some(cluster), seed, report).await?;
            round.run(kills, &self.clock).await?;
            tell("PostgreSQL and S3", number, kills, report);
        }
        Ok(())
    }
}

fn tell(set_up: &str, round: u32, kills: u32, report: &Report) {
    let done = round * IN_ROUND + kills;
    let (violations, seconds) = (report.violations(), report.elapsed().as_secs());
    eprintln!("{set_up}: {done} kills, {violations} violations, {seconds} s");
}
