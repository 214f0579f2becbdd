//! One history: people change things at random, servers are killed, and followers follow.

use std::mem;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::Client;
use crate::permissions::fixture::{Fixture, Target};
use crate::permissions::table::Table;
use crate::postgres::Cluster;
use crate::programs::{Programs, TIMEOUT};
use crate::report::Report;
use crate::seed::Seed;
use crate::server::{SUPERADMIN_PASSWORD, Server};
use crate::stores::Stores;

use super::follower::{Door, Follower, SharedProgress};
use super::log::Log;

/// A server is killed before one change in so many.
const KILLED: u8 = 30;

/// A connection that was cut counts until the server notices.
const OPTIONS: [&str; 3] = ["--max-streams-per-person", "1000", "--no-webhooks"];

/// Stores with people at work.
pub(super) struct History<'a> {
    programs: &'a Programs,
    servers: Vec<Server>,
    stores: Stores,
    fixture: Fixture<'a>,
    log: Log<'a>,
    /// How far the log is known.
    position: i64,
    progress: SharedProgress,
    rng: Rng,
    stop: watch::Sender<bool>,
    followers: Vec<JoinHandle<Result<()>>>,
}

impl<'a> History<'a> {
    /// Starts one server on SQLite, or two on a cluster, with people of every role who follow.
    pub(super) async fn begin(
        programs: &'a Programs,
        cluster: Option<&Cluster>,
        number: u64,
        table: &'a Table,
        seed: Seed,
    ) -> Result<Self> {
        let stores = match cluster {
            None => Stores::local()?,
            Some(cluster) => {
                let name = format!("events_{number}");
                Stores::remote(programs, cluster, &name).await?
            }
        };
        let mut servers = vec![Server::start(programs, &stores, &OPTIONS).await?];
        if cluster.is_some() {
            servers.push(Server::start(programs, &stores, &OPTIONS).await?);
        }
        let target = Target {
            url: servers[0].url().to_owned(),
            username: "superadmin".to_owned(),
            password: SUPERADMIN_PASSWORD.to_owned(),
        };
        let mut fixture = Fixture::start(&target, table, seed.rng(0)).await?;
        fixture.populate().await?;
        let mut history = Self {
            programs,
            servers,
            stores,
            log: Log::new(table, &fixture.facts),
            position: 0,
            progress: SharedProgress::default(),
            rng: seed.rng(1),
            stop: watch::Sender::new(false),
            followers: Vec::new(),
            fixture,
        };
        history.new_events().await?;
        history.tell();
        history.follow(seed);
        Ok(history)
    }

    /// Changes things, and judges what the followers were told meanwhile. Gives the number of cuts.
    pub(super) async fn run(mut self, changes: u32, report: &mut Report) -> Result<u64> {
        for change in 0..changes {
            if self.rng.u8(..KILLED) == 0 {
                self.kill().await?;
                report.add("kills of a server", 1);
            }
            let changed = self.change().await;
            changed.with_context(|| format!("change {change}"))?;
        }
        self.stop.send_replace(true);
        for follower in mem::take(&mut self.followers) {
            timeout(TIMEOUT, follower)
                .await
                .context("a follower does not catch up")???;
        }
        self.judge(report).await
    }

    /// One thing happens, at any of the servers.
    async fn change(&mut self) -> Result<()> {
        let url = self.rng.choice(&self.servers).context("no server")?.url();
        self.fixture.go_to(url);
        self.progress.lock().begun += 1;
        self.fixture.change().await?;
        let events = self.new_events().await?;
        self.log.add(&events, &self.fixture.facts)?;
        self.tell();
        Ok(())
    }

    /// What came into the log since the last look.
    async fn new_events(&mut self) -> Result<Vec<Value>> {
        let superadmin = self.superadmin()?;
        let events = superadmin.feed_after(&mut self.position).await?;
        Ok(events)
    }

    fn superadmin(&self) -> Result<Client> {
        Ok(self.fixture.client(self.fixture.superadmin)?.clone())
    }

    /// Tells the followers what they have to know after a change.
    fn tell(&self) {
        let mut shared = self.progress.lock();
        let urls = self.servers.iter().map(|server| server.url().to_owned());
        shared.urls = urls.collect();
        shared.clients.clone_from(self.fixture.clients());
        shared.done = shared.begun;
    }

    /// Everybody follows by each door.
    fn follow(&mut self, seed: Seed) {
        let people: Vec<i64> = self.fixture.clients().keys().copied().collect();
        for (person, number) in people.into_iter().zip((2..).step_by(2)) {
            for (door, part) in [(Door::Stream, number), (Door::LongPoll, number + 1)] {
                let rng = seed.rng(part);
                let mut follower = Follower::new(&self.progress, person, door, self.position, rng);
                let mut stop = self.stop.subscribe();
                self.followers.push(tokio::spawn(async move {
                    tokio::select! {
                        () = follower.follow() => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                    follower.catch_up().await
                }));
            }
        }
    }

    /// Kills any of the servers, and starts another one in its place.
    async fn kill(&mut self) -> Result<()> {
        let killed = self.rng.usize(..self.servers.len());
        self.servers.swap_remove(killed).kill().await?;
        self.tell();
        let server = Server::start(self.programs, &self.stores, &OPTIONS).await?;
        self.servers.push(server);
        self.tell();
        Ok(())
    }

    /// Compares the log with the audit log, and what everybody was told with what they might see.
    async fn judge(self, report: &mut Report) -> Result<u64> {
        let superadmin = self.superadmin()?;
        self.check_log(&superadmin, report).await?;
        let shared = mem::take(&mut *self.progress.lock());
        for (door, part) in &shared.parts {
            let role = self.fixture.facts.person(part.person)?.role.name();
            let who = format!("the {role} {} by {door:?}", part.person);
            self.log.judge(&who, part, report)?;
        }
        let wrong = self.fixture.found.differences.iter().chain(&shared.faults);
        wrong.for_each(|one| report.violation(one));
        report.add("cuts of a connection", shared.cuts);
        for server in self.servers {
            server.stop().await?;
        }
        Ok(shared.cuts)
    }

    /// The log has what the audit log has, but for accounts, sessions and webhooks.
    async fn check_log(&self, superadmin: &Client, report: &mut Report) -> Result<()> {
        let audit = superadmin.list("/api/v1/audit/").await?;
        let ids = self.log.ids();
        let first = ids.first().copied().unwrap_or(i64::MAX);
        let entries = audit.iter().filter(|entry| {
            let action = entry["action"].as_str().unwrap_or_default();
            let personal = ["user.", "session.", "webhook."];
            !personal.iter().any(|kind| action.starts_with(kind))
        });
        let entries = entries.filter_map(|entry| entry["id"].as_i64());
        let expected = entries.filter(|id| *id >= first).collect();
        if ids != expected {
            let lost: Vec<_> = expected.difference(&ids).collect();
            report.violation(format!("the superadmin's pages lack {lost:?}"));
        }
        report.add("events", ids.len() as u64);
        Ok(())
    }
}
