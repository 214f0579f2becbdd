//! Servers that send to webhooks and are killed at it, and what has arrived in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;

use crate::client::Client;
use crate::postgres::Cluster;
use crate::preload::Preload;
use crate::programs::{Programs, TIMEOUT};
use crate::report::Report;
use crate::seed::Seed;
use crate::server::Server;
use crate::stores::Stores;

use super::receiver::Receiver;

/// How many webhooks there are.
const WEBHOOKS: usize = 4;

const OPTIONS: [&str; 3] = [
    "--webhook-allow-networks",
    "127.0.0.0/8",
    "--webhook-allow-http",
];

/// By how much the clock moves with each start: what a dead server held is free by then.
const LEASE: Duration = Duration::from_secs(61);

/// How long servers live at most, in milliseconds. They look at the log each second.
const LIFE: u64 = 2_000;

const TICKETS: &str = "/api/v1/tickets/";

/// Servers on one store, and a receiver.
pub(super) struct Round<'a> {
    programs: &'a Programs,
    clock: &'a Preload,
    stores: Stores,
    /// How many servers there are, and how often they were started.
    count: usize,
    starts: u32,
    servers: Vec<Server>,
    receiver: Receiver,
    superadmin: Client,
    /// The paths of the webhooks by their ids.
    webhooks: BTreeMap<i64, String>,
    /// The end of the log before the webhooks were there.
    position: i64,
    rng: Rng,
}

impl<'a> Round<'a> {
    /// Starts one server on SQLite or two on PostgreSQL, and creates webhooks.
    pub(super) async fn begin(
        programs: &'a Programs,
        clock: &'a Preload,
        cluster: Option<&Cluster>,
        seed: Seed,
    ) -> Result<Self> {
        let stores = match cluster {
            None => Stores::local()?,
            Some(cluster) => Stores::remote(programs, cluster, "webhooks").await?,
        };
        let first = Server::start(programs, &stores, &OPTIONS).await?;
        let superadmin = Client::superadmin(first.url()).await?;
        let receiver = Receiver::start(seed.rng(0)).await?;
        let mut webhooks = BTreeMap::new();
        for number in 0..WEBHOOKS {
            let path = format!("/{number}");
            let body = json!({"url": format!("{}{path}", receiver.url), "include_internal": true});
            let created = superadmin.post("/api/v1/webhooks/", &body).await?;
            webhooks.insert(created.created()?, path);
        }
        let mut position = 0;
        superadmin.feed_after(&mut position).await?;
        Ok(Self {
            programs,
            clock,
            stores,
            count: if cluster.is_some() { 2 } else { 1 },
            starts: 0,
            servers: vec![first],
            receiver,
            superadmin,
            webhooks,
            position,
            rng: seed.rng(1),
        })
    }

    /// Kills servers so often, lets them send what is left, and compares.
    pub(super) async fn run(mut self, kills: u32, report: &mut Report) -> Result<()> {
        while self.starts == 0 || self.starts * self.kills_of_a_life() < kills {
            self.end(report).await?;
            self.start().await?;
            self.work().await?;
        }
        self.end(report).await?;
        self.start().await?;
        self.settle().await?;
        self.compare(report).await?;
        for server in self.servers {
            server.stop().await?;
        }
        Ok(())
    }

    fn kills_of_a_life(&self) -> u32 {
        if self.count == 1 { 1 } else { 2 }
    }

    /// Starts servers, whose clocks are ahead of those of all before.
    async fn start(&mut self) -> Result<()> {
        self.starts += 1;
        let ahead = self.clock.ahead(LEASE * self.starts)?;
        if let Some(s3) = self.stores.s3_mut() {
            // It refuses requests from another time.
            s3.kill().await?;
            s3.restart_with_variables(&ahead).await?;
        }
        let variables = [self.stores.variables(), &ahead].concat();
        for _ in 0..self.count {
            let server =
                Server::start_with_variables(self.programs, &self.stores, &OPTIONS, &variables);
            self.servers.push(server.await?);
        }
        Ok(())
    }

    /// Lets things happen for a while.
    async fn work(&mut self) -> Result<()> {
        let (begun, life) = (Instant::now(), Duration::from_millis(self.rng.u64(..LIFE)));
        let mut ticket = None;
        while begun.elapsed() < life {
            let server = self.rng.choice(&self.servers).context("no server")?;
            let staff = self.superadmin.at(server.url());
            match ticket {
                None => {
                    let body = json!({
                        "title": "Webhooks", "description": "are sent", "priority": "low",
                        "category": "general",
                    });
                    ticket = Some(staff.post(TICKETS, &body).await?.created()?);
                }
                Some(id) => {
                    let body = json!({"message": "is sent", "is_internal": self.rng.bool()});
                    let path = format!("{TICKETS}{id}/messages/");
                    staff.post(&path, &body).await?.expect(201)?;
                }
            }
            sleep(Duration::from_millis(self.rng.u64(..20))).await;
        }
        // The instant of the kill within a step.
        sleep(Duration::from_micros(self.rng.u64(..20_000))).await;
        Ok(())
    }

    /// Kills one server after the other.
    async fn end(&mut self, report: &mut Report) -> Result<()> {
        self.rng.shuffle(&mut self.servers);
        while let Some(server) = self.servers.pop() {
            server.kill().await?;
            report.add("kills of a server", 1);
            if self.rng.bool() {
                sleep(Duration::from_millis(self.rng.u64(..1_000))).await;
            }
        }
        Ok(())
    }

    fn staff(&self) -> Result<Client> {
        let server = self.servers.first().context("no server")?;
        Ok(self.superadmin.at(server.url()))
    }

    /// Waits until everything has arrived.
    async fn settle(&self) -> Result<()> {
        let staff = self.staff()?;
        let count = staff.feed_after(&mut self.position.clone()).await?.len();
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT {
            let mut delivered = 0;
            for id in self.webhooks.keys() {
                let path = format!("/api/v1/webhooks/{id}/deliveries/?state=delivered");
                delivered += staff.list(&path).await?.len();
            }
            if delivered >= count * self.webhooks.len() {
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    async fn compare(&self, report: &mut Report) -> Result<()> {
        let staff = self.staff()?;
        let events = staff.feed_after(&mut self.position.clone()).await?;
        let events: Option<BTreeSet<i64>> = events.iter().map(|one| one["id"].as_i64()).collect();
        let events = events.context("an event without an id")?;
        report.add("events", events.len() as u64);
        let mut repeated = 0;
        for (id, path) in &self.webhooks {
            let rows = staff
                .list(&format!("/api/v1/webhooks/{id}/deliveries/"))
                .await?;
            let of: Vec<_> = rows
                .iter()
                .filter_map(|row| row["event"].as_i64())
                .collect();
            let distinct: BTreeSet<i64> = of.iter().copied().collect();
            if of.len() != rows.len() || distinct.len() != of.len() || distinct != events {
                let (of, events) = (of.len(), events.len());
                report.violation(format!(
                    "webhook {id} has {of} deliveries of {events} events"
                ));
            }
            report.add("deliveries", of.len() as u64);
            let open = rows
                .iter()
                .filter(|row| row["state"] != "delivered")
                .count();
            if open > 0 {
                report.violation(format!(
                    "webhook {id} has {open} deliveries that did not arrive"
                ));
            }
            let arrived = self.receiver.arrived();
            let Some(arrived) = arrived.get(path) else {
                report.violation(format!("nothing arrived at webhook {id}"));
                continue;
            };
            if !arrived.events.keys().eq(&events) {
                report.violation(format!("other events arrived at webhook {id}"));
            }
            if arrived.most_at_once > 1 {
                let most = arrived.most_at_once;
                report.violation(format!("webhook {id} got {most} requests at once"));
            }
            repeated += arrived.events.values().map(|times| times - 1).sum::<u64>();
        }
        report.add("requests", self.receiver.count());
        report.add("requests that were repeats", repeated);
        Ok(())
    }
}
