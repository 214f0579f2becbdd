//! More than the server can do: whom it serves it serves well, the others it turns away, and it is
//! itself again when the attack ends.

mod attackers;
mod attacks;
mod other_work;
mod probe;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::cli::CommonArgs;
use crate::client::Client;
use crate::place::Place;
use crate::program::{PATIENCE, Server};
use crate::report::Report;
use attackers::Attackers;
use attacks::{Attack, Outcome, Sizes};
use probe::{Probe, Target, percentile};

pub(crate) use attackers::{attack, make_way};

/// Attackers come from any address that they name.
const OPTIONS: [&str; 2] = ["--trusted-proxies", "127.0.0.1/32"];

/// For how long the unloaded server is measured before and after each attack: the short form, and
/// the long one.
const UNLOADED: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

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

/// Runs every attack while somebody works, and compares their work with that before. What the
/// machine does to it when it has other work is shown beside, and excuses nothing.
///
/// How fast it goes depends on the machine, so the short form asks only that nothing crashes,
/// nothing answers with an internal error, and everything recovers; the long form also compares
/// the figures with what is promised.
pub(crate) async fn run(args: &OverloadArgs) -> Result<Report> {
    let mut report = Report::new();
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let place = Place::local()?;
    let mut server = Server::start(&programs, &place, &OPTIONS).await?;
    let target = prepare(server.url()).await?;
    let long = args.common.long;
    let (time, sizes) = if long {
        (UNLOADED.1, Sizes::LONG)
    } else {
        (UNLOADED.0, Sizes::SHORT)
    };

    println!(
        "                      somebody at work                          attackers\n\
         attack                asked served  p50 ms  p99 ms  max ms   shed refused   lost served  p99 ms  \
         MiB more  recovered ms"
    );
    let mut before = unloaded(&target, time).await;
    for attack in Attack::ALL {
        let id = server.id().context("the server has ended")?;
        reset_peak(id)?;
        let memory = status_of(id, "VmRSS")?;
        let mut probe = Probe::default();
        let attackers = Attackers::start(&target, attack, sizes, seed).await?;
        let outcome = probe.work_during(&target, attackers.end()).await?;
        let recovered = recover(&target).await;
        let grown = status_of(id, "VmHWM")?.saturating_sub(memory);
        let name = attack.name();
        tell(name, &probe, &outcome, grown, recovered.unwrap_or(PATIENCE));
        report.add("requests of attackers", outcome.asked());
        report.add("requests of somebody at work", probe.asked());

        if !server.runs()? {
            report.violation(format!("{name}: the server ended"));
            return Ok(report);
        }
        // What the machine can do drifts within minutes, as its disk does.
        let after = unloaded(&target, time).await;
        let usual = f64::midpoint(before, after);
        before = after;

        for wrong in probe.wrong() {
            report.violation(format!("{name}: {wrong}"));
        }
        let served = probe.served() as u64;
        let mut promises = vec![
            ("internal errors", outcome.broken == 0),
            ("503 without Retry-After", outcome.impolite == 0),
            ("nobody else is served", served > 0),
            (
                "most of somebody's work is turned away",
                attack.fills() || served * 2 > probe.asked(),
            ),
            ("it does not recover", recovered.is_some()),
            ("answers are lost", !attack.listens() || outcome.lost == 0),
        ];
        if long && attack == Attack::SlowConnections {
            // Each of them is, more than once.
            let cut_off = outcome.refused > sizes.slow_connections();
            promises.push(("slow connections are not cut off", cut_off));
        }
        if long && attack != Attack::OtherWork {
            let recovers = recovered.is_some_and(|time| time <= RECOVERY);
            promises.extend([
                ("p99 doubles", percentile(&probe.times(), 99) <= usual * 2.0),
                ("memory grows by more than 64 MiB", grown <= GROWTH),
                ("recovery takes more than 5 s", recovers),
            ]);
        }
        for (broken, holds) in promises {
            if !holds {
                report.violation(format!("{name}: {broken}"));
            }
        }
    }
    server.stop().await?;
    Ok(report)
}

/// Lets somebody work alone, and gives their 99th percentile in milliseconds.
async fn unloaded(target: &Target, time: Duration) -> f64 {
    let mut probe = Probe::default();
    probe.work_during(target, sleep(time)).await;
    tell("(none)", &probe, &Outcome::default(), 0, Duration::ZERO);
    percentile(&probe.times(), 99)
}

/// Prints a line of figures.
fn tell(attack: &str, probe: &Probe, outcome: &Outcome, grown: u64, recovered: Duration) {
    let times = probe.times();
    println!(
        "{attack:<21} {:>5} {:>6} {:>7.2} {:>7.2} {:>7.1} {:>6} {:>7} {:>6} {:>6} {:>7.1}  {:>8.1}  {:>12.1}",
        probe.asked(),
        probe.served(),
        percentile(&times, 50),
        percentile(&times, 99),
        percentile(&times, 100),
        outcome.shed,
        outcome.refused,
        outcome.lost,
        outcome.served.len(),
        percentile(&outcome.served, 99),
        grown as f64 / 1024.0,
        recovered.as_secs_f64() * 1000.0,
    );
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
        let served = Probe::default().ask_once(target).await;
        in_a_row = if served { in_a_row + 1 } else { 0 };
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
