//! Killed under load: what was acknowledged is there once, after every restart.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::cli::CommonArgs;
use crate::client::Client;
use crate::place::Place;
use crate::postgres::Cluster;
use crate::program::{Programs, Server};
use crate::report::Report;
use crate::seed::Seed;

/// Kills of each set-up in the short form and in the long one.
const KILLS: [u32; 2] = [5, 500];

/// Options of the attack.
#[derive(Args)]
pub(crate) struct CrashArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// Attacks SQLite with a folder, and PostgreSQL with S3 where there is a PostgreSQL.
pub(crate) async fn run(args: &CrashArgs) -> Result<Report> {
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let kills = KILLS[usize::from(args.common.long)];
    let mut report = Report::new();
    attack(
        &programs,
        &mut Place::local()?,
        None,
        seed,
        kills,
        &mut report,
    )
    .await?;
    if let Some(postgres) = &args.common.postgres_programs {
        attack_remote(&programs, postgres, seed, kills, &mut report).await?;
    }
    Ok(report)
}

async fn attack_remote(
    programs: &Programs,
    postgres: &Path,
    seed: Seed,
    kills: u32,
    report: &mut Report,
) -> Result<()> {
    let mut cluster = Cluster::start(postgres).await?;
    let mut place = Place::remote(programs, &cluster, "crash").await?;
    attack(
        programs,
        &mut place,
        Some(&mut cluster),
        seed,
        kills,
        report,
    )
    .await
}

async fn attack(
    programs: &Programs,
    place: &mut Place,
    mut cluster: Option<&mut Cluster>,
    seed: Seed,
    kills: u32,
    report: &mut Report,
) -> Result<()> {
    let mut rng = seed.rng(0);
    let mut server = Server::start(programs, place, &[]).await?;
    let superadmin = Client::superadmin(server.url()).await?;
    let client = superadmin.hire("client", "client").await?;
    let body = json!({ "client_id": client.id(), "title": "Spring" });
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = superadmin.post(bundles, &body).await?.created()?;
    let body = json!({ "recipient_id": superadmin.id() });
    let thread = client
        .post(&format!("{bundles}{bundle}/create_thread/"), &body)
        .await?;
    let messages = format!(
        "/api/v1/communications/threads/{}/messages/",
        thread.created()?
    );
    let mut acknowledged = Vec::new();
    for kill in 0..kills {
        let sender = client.at(server.url());
        let load = async {
            for number in 0_u32.. {
                let text = format!("{kill}-{number}");
                let Ok(answer) = sender.post(&messages, &json!({ "message": text })).await else {
                    break;
                };
                answer.expect(201)?;
                acknowledged.push(text);
            }
            anyhow::Ok(())
        };
        let end = async {
            sleep(Duration::from_millis(rng.u64(1..500))).await;
            server.kill().await
        };
        let (sent, killed) = tokio::join!(load, end);
        sent?;
        killed?;
        report.add("kills", 1);
        if let Some(cluster) = cluster.as_deref_mut() {
            cluster.stop_at_once().await?;
            cluster.restart().await?;
        }
        if let Some(s3) = &mut place.s3 {
            s3.kill().await?;
            s3.restart().await?;
        }
        server = Server::start(programs, place, &[]).await?;
        let listed = client.at(server.url()).list(&messages).await?;
        for text in &acknowledged {
            let there = listed
                .iter()
                .filter(|message| message["message"] == text.as_str());
            match there.count() {
                1 => report.add("acknowledged messages found", 1),
                other => report.violation(format!("{text} is there {other} times")),
            }
        }
    }
    server.stop().await.context("after the last kill")?;
    let checked = programs.run(place, &["check"]).await?;
    if !checked.status.success() {
        report.violation(String::from_utf8_lossy(&checked.stdout));
    }
    Ok(())
}
