//! One round: empty stores, load, kills, and a sweep at the end.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use tokio::time::sleep;

use crate::load::{Fixture, Load, Model};
use crate::postgres::Cluster;
use crate::preload::Preload;
use crate::programs::{Programs, TIMEOUT};
use crate::report::Report;
use crate::seed::Seed;
use crate::server::{self, Server};
use crate::stores::Stores;
use crate::verify::{self, Bytes};

use super::follower::Follower;

/// Kills before the next round begins with empty stores, so that comparing everything stays quick.
pub(super) const IN_ROUND: u32 = 25;

/// The sweeper works all the time, so that it is killed at work too.
const OPTIONS: [&str; 2] = ["--sweep-interval", "1s"];

/// How long a server is under load when the sweeper has to come round meanwhile.
const SWEPT: Duration = Duration::from_millis(1100);

/// How long a server gets to do what a kill waits for.
const LOADED: Duration = Duration::from_millis(1500);

/// By how much the clock of the sweep at the end is ahead: what nobody finished within a day is
/// removed.
const AHEAD: Duration = Duration::from_secs(25 * 60 * 60);

/// Stores under load.
pub(super) struct Round<'a> {
    programs: &'a Programs,
    stores: Stores,
    cluster: Option<&'a Cluster>,
    rng: Rng,
    server: Server,
    fixture: Fixture,
    model: Arc<Model>,
    load: Load,
    follower: Follower,
    /// Whose bytes were compared.
    compared: HashSet<usize>,
    report: &'a mut Report,
}

impl<'a> Round<'a> {
    /// Starts a server and creates the fixture.
    pub(super) async fn begin(
        programs: &'a Programs,
        stores: Stores,
        cluster: Option<&'a Cluster>,
        seed: Seed,
        report: &'a mut Report,
    ) -> Result<Self> {
        let server = Server::start(programs, &stores, &OPTIONS).await?;
        let model = Arc::new(Model::counting());
        let fixture = Fixture::create(server.url(), &model).await?;
        Ok(Self {
            programs,
            stores,
            cluster,
            rng: seed.rng(0),
            load: Load::new(fixture.clients(seed, &model)),
            follower: Follower::start(&fixture.superadmin, server.url(), seed.rng(1)),
            server,
            fixture,
            model,
            compared: HashSet::new(),
            report,
        })
    }

    /// Kills so many times, compares everything after each, and sweeps.
    pub(super) async fn run(mut self, kills: u32, clock: &Preload) -> Result<()> {
        for _ in 0..kills {
            self = self.kill().await?;
            self.verify(Bytes::New).await?;
            self.follower.verify(self.report).await?;
            if self.rng.u8(..4) == 0 {
                self.check().await?;
            }
        }
        let files = self.verify(Bytes::All).await?;
        self.report
            .add("requests acknowledged", self.model.acknowledged());
        self.sweep(files, clock).await
    }

    /// Loads the server, disturbs what it depends on, kills it, and starts it again.
    async fn kill(mut self) -> Result<Self> {
        self.load.begin(self.server.url());
        if self.rng.u32(..IN_ROUND) == 0 {
            sleep(SWEPT).await;
        }
        let wanted = self.rng.u64(1..60);
        self.loaded(wanted, LOADED).await?;
        self.disturb().await?;
        // The instant of the kill within a request.
        sleep(Duration::from_micros(self.rng.u64(..20_000))).await;
        self.server.kill().await?;
        self.report.add("kills of the server", 1);
        self.load.end().await;
        if let Some(cluster) = self.cluster {
            if self.rng.u8(..8) == 0 {
                cluster.restart_at_once().await?;
                self.report.add("kills of the database", 1);
            } else {
                // What the dead server has asked for last is done before anybody looks.
                cluster.wait_until_unused().await?;
            }
        }
        self.server = Server::start(self.programs, &self.stores, &OPTIONS).await?;
        self.follower.go_to(self.server.url());
        Ok(self)
    }

    /// Waits until so many more requests were acknowledged. Answers whether they were in time.
    async fn loaded(&self, wanted: u64, patience: Duration) -> Result<bool> {
        let (begun, before) = (Instant::now(), self.model.acknowledged());
        while self.model.acknowledged() < before + wanted {
            if begun.elapsed() > patience {
                return Ok(false);
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(true)
    }

    /// Kills the database or the S3 server now and then, while the server runs: it has to get
    /// along, and to go on once they are back.
    async fn disturb(&mut self) -> Result<()> {
        let (database, s3) = match self.rng.u8(..12) {
            0 | 1 => (true, false),
            2 | 3 => (false, true),
            4 => (true, true),
            _ => return Ok(()),
        };
        if let Some(cluster) = self.cluster.filter(|_| database) {
            cluster.restart_at_once().await?;
            self.report.add("kills of the database", 1);
        }
        if let Some(server) = self.stores.s3_mut().filter(|_| s3) {
            server.kill().await?;
            sleep(Duration::from_millis(self.rng.u64(..100))).await;
            server.restart().await?;
            self.report.add("kills of the S3 server", 1);
        }
        if !self.loaded(5, TIMEOUT).await? {
            self.report
                .violation("the server does not go on although everything is back");
        }
        Ok(())
    }

    async fn verify(&mut self, bytes: Bytes) -> Result<u64> {
        let expected = (&self.fixture, &*self.model);
        let url = self.server.url();
        let seen = verify::after_restart(expected, url, bytes, &mut self.compared, self.report);
        Ok(seen.await?.files)
    }

    /// `classdesk check`, which finds nothing. Answers what it says at its end.
    async fn check(&mut self) -> Result<String> {
        let checked = server::run(self.programs, &self.stores, &["check"]).await?;
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        if !checked.status.success() {
            let error = String::from_utf8_lossy(&checked.stderr);
            self.report
                .violation(format!("classdesk check: {said}{error}"));
        }
        self.report.add("runs of classdesk check", 1);
        Ok(said.lines().last().unwrap_or_default().to_owned())
    }

    /// Stops the server, lets another one sweep a day later, and counts what is left.
    async fn sweep(mut self, files: u64, clock: &Preload) -> Result<()> {
        let Self { programs, .. } = self;
        self.server.stop().await?;
        let ahead = clock.ahead(AHEAD)?;
        if let Some(s3) = self.stores.s3_mut() {
            // It refuses requests from another day.
            s3.kill().await?;
            s3.restart_with_variables(&ahead).await?;
        }
        let variables = [self.stores.variables(), &ahead].concat();
        let sweeper = Server::start_with_variables(programs, &self.stores, &OPTIONS, &variables);
        let sweeper = sweeper.await?;
        let begun = Instant::now();
        let mut left = leftovers(&self.stores, files)?;
        while left.is_some() && begun.elapsed() < TIMEOUT {
            sleep(Duration::from_millis(50)).await;
            left = leftovers(&self.stores, files)?;
        }
        if let Some(left) = left {
            self.report.violation(format!("after the sweep: {left}"));
        }
        sweeper.kill().await?;
        if let Some(s3) = self.stores.s3_mut() {
            s3.kill().await?;
            s3.restart().await?;
        }
        self.server = Server::start(programs, &self.stores, &[]).await?;
        let said = self.check().await?;
        let expected = format!("{files} files");
        let listed = format!(" {files} objects listed, 0 problems");
        if !said.starts_with(&expected) || !said.ends_with(&listed) {
            self.report
                .violation(format!("{files} files are there; classdesk check: {said}"));
        }
        self.server.stop().await
    }
}

/// What lies in the storage besides so many files.
fn leftovers(stores: &Stores, files: u64) -> Result<Option<String>> {
    let there = count(&stores.files())?;
    if there != files {
        return Ok(Some(format!(
            "{there} files are stored, and {files} are known"
        )));
    }
    // The S3 server keeps the parts of unfinished uploads beside its buckets.
    let unfinished = stores.s3_folder().map(unfinished_uploads).transpose()?;
    Ok(unfinished
        .filter(|names| !names.is_empty())
        .map(|names| names.join(", ")))
}

fn count(folder: &Path) -> Result<u64> {
    let mut found = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found += count(&entry.path())?;
        } else {
            found += 1;
        }
    }
    Ok(found)
}

fn unfinished_uploads(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.contains(".upload-") && name.ends_with(".metadata.json") {
            names.push(name);
        }
    }
    Ok(names)
}
