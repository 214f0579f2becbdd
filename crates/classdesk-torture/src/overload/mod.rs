//! More than the server can do: whom it serves it serves well, the others it turns away, and it is
//! itself again when the attack ends.

mod attacks;
mod probe;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use crate::cli::CommonArgs;
use crate::client::Client;
use crate::place::Place;
use crate::program::{PATIENCE, Server};
use crate::report::Report;
use attacks::{Attack, Outcome, Sizes};
use probe::{Probe, Target};

/// How often the unloaded server is asked: the short form, and the long one.
const SAMPLES: (usize, usize) = (100, 2000);

/// Within what recovery has to come.
const RECOVERY: Duration = Duration::from_secs(5);

/// By how much memory may grow, in KiB.
const GROWTH: u64 = 64 * 1024;

/// Options of this attack.
#[derive(Args)]
pub(crate) struct OverloadArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// Runs every attack while somebody works, and compares their work with that before.
///
/// How fast it goes depends on the machine, so the short form asks only that nothing crashes,
/// nothing answers with an internal error, and everything recovers; the long form also compares
/// the figures with what is promised.
pub(crate) async fn run(args: &OverloadArgs) -> Result<Report> {
    let mut report = Report::new();
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let place = Place::local()?;
    let mut server = Server::start(&programs, &place, &[]).await?;
    let target = prepare(server.url()).await?;
    let long = args.common.long;
    let (samples, sizes) = if long {
        (SAMPLES.1, Sizes::LONG)
    } else {
        (SAMPLES.0, Sizes::SHORT)
    };

    let mut unloaded = Probe::default();
    for _ in 0..samples {
        unloaded.ask(&target).await?;
    }
    let before = unloaded.percentile(99);
    println!(
        "attack                      asked  served    p50 ms    p99 ms  others: shed refused lost  MiB more  recovered ms"
    );
    unloaded.tell("(none)", &Outcome::default(), 0, Duration::ZERO);
    for attack in Attack::ALL {
        let id = server.id().context("the server has ended")?;
        reset_peak(id)?;
        let memory = status_of(id, "VmRSS")?;
        let mut probe = Probe::default();
        let outcome = {
            let attacking = attack.run(&target, sizes, seed.rng(1));
            let working = probe.work(&target);
            tokio::pin!(attacking, working);
            tokio::select! {
                outcome = &mut attacking => outcome?,
                never = &mut working => match never {},
            }
        };
        let recovered = recover(&target).await;
        let grown = status_of(id, "VmHWM")?.saturating_sub(memory);
        probe.tell(
            attack.name(),
            &outcome,
            grown,
            recovered.unwrap_or(PATIENCE),
        );
        report.add("requests of attackers", outcome.asked());
        report.add("requests of somebody at work", probe.asked());

        if !server.runs()? {
            report.violation(format!("{}: the server ended", attack.name()));
            return Ok(report);
        }
        let broken = outcome.broken + probe.broken();
        if broken > 0 {
            report.violation(format!("{}: {broken} internal errors", attack.name()));
        }
        let Some(recovered) = recovered else {
            report.violation(format!("{}: it does not recover", attack.name()));
            continue;
        };
        if long {
            let promises = [
                ("p99 doubles", probe.percentile(99) <= before * 2),
                ("memory grows by more than 64 MiB", grown <= GROWTH),
                ("recovery takes more than 5 s", recovered <= RECOVERY),
            ];
            for (broken, holds) in promises {
                if !holds {
                    report.violation(format!("{}: {broken}", attack.name()));
                }
            }
        }
    }
    server.stop().await?;
    Ok(report)
}

/// Somebody with a bundle and a thread with a page of messages.
async fn prepare(url: &str) -> Result<Target> {
    let superadmin = Client::superadmin(url).await?;
    let client = superadmin.hire("client", "client").await?;
    let body = json!({ "client_id": client.id(), "title": "Spring" });
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = superadmin.post(bundles, &body).await?.created()?;
    let bundle = format!("{bundles}{bundle}/");
    let body = json!({ "recipient_id": superadmin.id() });
    let thread = client
        .post(&format!("{bundle}create_thread/"), &body)
        .await?;
    let thread = thread.created()?;
    let messages = format!("/api/v1/communications/threads/{thread}/messages/");
    for number in 0..50 {
        let body = json!({ "message": format!("Message {number}") });
        client.post(&messages, &body).await?.expect(201)?;
    }
    let address = url.strip_prefix("http://").context("no http:// URL")?;
    Ok(Target {
        address: address.to_owned(),
        client,
        bundle,
        messages,
    })
}

/// How long it takes until ten requests in a row are answered; `None` when that does not happen.
async fn recover(target: &Target) -> Option<Duration> {
    let begin = Instant::now();
    let mut in_a_row = 0;
    while begin.elapsed() < PATIENCE {
        let mut probe = Probe::default();
        let answered = probe.ask(target).await.is_ok() && probe.served() > 0;
        in_a_row = if answered { in_a_row + 1 } else { 0 };
        if in_a_row == 10 {
            return Some(begin.elapsed());
        }
    }
    None
}

/// A figure of a process in KiB, as Linux tells it.
fn status_of(process: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(figure.context("no such figure")?.parse()?)
}

/// Lets Linux measure the peak of a process's memory from now on.
fn reset_peak(process: u32) -> Result<()> {
    Ok(std::fs::write(format!("/proc/{process}/clear_refs"), "5")?)
}
