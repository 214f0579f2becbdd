//! The PostgreSQL cluster that the task has started for this run.

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::time::sleep;

use crate::programs::TIMEOUT;

/// The URL of the cluster's database `postgres`, for its superuser.
const URL: &str = "CLASSDESK_TEST_POSTGRES";

/// A shell command that stops the cluster without a checkpoint and starts it again.
const RESTART: &str = "CLASSDESK_TEST_POSTGRES_RESTART";

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// A cluster that can be killed and recovers.
#[derive(Debug)]
pub(crate) struct Cluster {
    url: String,
    restart: String,
}

impl Cluster {
    /// The cluster that the environment names.
    pub(crate) fn of_environment() -> Option<Self> {
        Some(Self {
            url: env::var(URL).ok()?,
            restart: env::var(RESTART).ok()?,
        })
    }

    /// Makes an empty database and answers its URL.
    pub(crate) async fn create_database(&self, name: &str) -> Result<String> {
        self.query(&format!("CREATE DATABASE {name}")).await?;
        let (server, _) = self.url.rsplit_once('/').context("a URL has a path")?;
        Ok(format!("{server}/{name}?sslmode=disable"))
    }

    /// Waits until nobody is connected to its databases.
    pub(crate) async fn wait_until_unused(&self) -> Result<()> {
        let begun = Instant::now();
        while self.query(CONNECTIONS).await? != "0" {
            ensure!(
                begun.elapsed() < TIMEOUT,
                "a killed server's connections live on"
            );
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Ends every process at once, which loses what is not yet in the log, and starts it again,
    /// which recovers.
    pub(crate) async fn restart_at_once(&self) -> Result<()> {
        let mut restart = Command::new("sh");
        // The account of the server may not see this folder.
        restart.args(["-c", &self.restart]).current_dir("/");
        let restarted = restart.status().await?;
        ensure!(restarted.success(), "the cluster did not restart");
        Ok(())
    }

    async fn query(&self, query: &str) -> Result<String> {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align"])
            .args(["--command", query, &self.url])
            .output()
            .await
            .context("psql can't be run")?;
        ensure!(
            output.status.success(),
            "psql: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
