//! Attacks on what the server can hold and compute, beside people who only want to work.

mod attack;
mod fixture;
mod honest;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum as _};

use crate::args::CommonArgs;
use crate::report::Report;

use attack::Attack;
use fixture::Fixture;
use honest::Honest;

/// How long honest people work beside each attack, in the short form and in the long one.
const WORK: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(20));

/// In the long form, how long all but one of a hundred honest requests take at most. A sign-in also
/// takes the time of its hash, and is not compared.
const P99: Duration = Duration::from_millis(100);

/// In the long form, how much memory the server has at most.
const MEMORY: u64 = 256 * 1024 * 1024;

/// Options of this test.
#[derive(Args)]
pub(crate) struct AttacksArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Only this attack
    #[arg(long, value_enum)]
    only: Option<Attack>,
}

/// Tries every attack on a server of its own. Whatever the attack does, no honest request fails.
pub(crate) async fn run(args: &AttacksArgs) -> Result<Report> {
    let mut report = Report::new();
    let (seed, programs) = (args.common.seed(), args.common.programs()?);
    let long = args.common.long;
    let all = Attack::value_variants().iter().copied();
    for attack in all.filter(|attack| args.only.is_none_or(|only| only == *attack)) {
        let fixture = Arc::new(Fixture::create(&programs, seed).await?);
        attack.prepare(&fixture, long).await?;
        fixture.forget_memory()?;
        let mut honest = Honest::new(fixture.clone());
        let work = if long { WORK.1 } else { WORK.0 };
        tokio::select! {
            ended = attack.go_on(&fixture, long) => match ended {
                Ok(never) => match never {},
                Err(error) => bail!("{attack:?}: {error:#}"),
            },
            worked = honest.work(work) => worked?,
        }
        let memory = fixture.most_memory()?;
        report.add("attacks", 1);
        report.add("honest requests", honest.requests());
        for failure in honest.failures() {
            report.violation(format!("{attack:?}: {failure}"));
        }
        let p99 = honest.p99();
        eprintln!(
            "{attack:?} with {}: {} honest requests, p99 {p99:.1?}, sign-in {:.1?} at most, {} MiB",
            attack.size(long),
            honest.requests(),
            honest.slowest_login(),
            memory / 1024 / 1024,
        );
        if long && p99 > P99 {
            report.violation(format!("{attack:?}: p99 is {p99:.1?}"));
        }
        if long && memory > MEMORY {
            report.violation(format!(
                "{attack:?}: {} MiB of memory",
                memory / 1024 / 1024
            ));
        }
        drop(honest);
        if let Some(fixture) = Arc::into_inner(fixture) {
            fixture.end().await?;
        }
    }
    Ok(report)
}
