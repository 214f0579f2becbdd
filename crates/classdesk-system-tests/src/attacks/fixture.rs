//! The server under attack, an attacker with a token, and people who only want to work.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::client::Client;
use crate::load::fixture::BUNDLES;
use crate::programs::Programs;
use crate::seed::Seed;
use crate::server::Server;
use crate::stores::Stores;

/// A server and the people on it.
pub(super) struct Fixture {
    server: Server,
    _stores: Stores,
    /// Someone who wants to work.
    pub(super) honest: Client,
    /// Where they put files.
    pub(super) honest_bundle: i64,
    /// A client who attacks.
    pub(super) attacker: Client,
    /// Their bundle.
    pub(super) attackers_bundle: i64,
    seed: Seed,
    choices: AtomicU64,
}

impl Fixture {
    /// Starts a server. It takes this machine for a proxy, so that requests can come from anywhere.
    pub(super) async fn create(programs: &Programs, seed: Seed) -> Result<Self> {
        let stores = Stores::local()?;
        let options = ["--trusted-proxies", "127.0.0.0/8"];
        let server = Server::start(programs, &stores, &options).await?;
        let superadmin = Client::superadmin(server.url()).await?;
        let honest = superadmin.hire("clara", "client").await?;
        let attacker = superadmin.hire("mallory", "client").await?;
        let mut bundles = [0; 2];
        for (bundle, owner) in bundles.iter_mut().zip([&honest, &attacker]) {
            let body = json!({ "title": "Spring", "client_id": owner.id() });
            *bundle = superadmin.post(BUNDLES, &body).await?.created()?;
        }
        Ok(Self {
            server,
            _stores: stores,
            honest,
            honest_bundle: bundles[0],
            attacker,
            attackers_bundle: bundles[1],
            seed,
            choices: AtomicU64::new(0),
        })
    }

    /// The host and port of the server.
    pub(super) fn address(&self) -> &str {
        self.server.url().trim_start_matches("http://")
    }

    /// A number that the run's seed decides.
    pub(super) fn choose(&self) -> u64 {
        let choice = self.choices.fetch_add(1, Ordering::Relaxed);
        self.seed.rng(choice).u64(..)
    }

    /// Counts the most memory anew.
    pub(super) fn forget_memory(&self) -> Result<()> {
        let id = self.server.id().context("the server has ended")?;
        Ok(fs::write(format!("/proc/{id}/clear_refs"), "5")?)
    }

    /// The most memory that the server has had, in bytes.
    pub(super) fn most_memory(&self) -> Result<u64> {
        let id = self.server.id().context("the server has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.context("no memory")?.parse::<u64>()? * 1024)
    }

    /// Stops the server, which has to end well.
    pub(super) async fn end(self) -> Result<()> {
        self.server.stop().await
    }
}
