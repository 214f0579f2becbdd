//! The PostgreSQL cluster that the task has started for this run.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tokio::process::Command;
use tokio::time::sleep;

use crate::programs::TIMEOUT;

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// A cluster that can be killed and recovers.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    /// The URL of the cluster's database `postgres`, for its superuser; without it, PostgreSQL is
    /// left out
    #[arg(
        long = "postgres",
        env = "CLASSDESK_TEST_POSTGRES",
        hide_env_values = true,
        value_name = "URL",
        requires = "restart"
    )]
    url: Option<String>,
    /// A shell command that ends the cluster's processes at once and starts it again
    #[arg(
        long = "postgres-restart",
        env = "CLASSDESK_TEST_POSTGRES_RESTART",
        value_name = "COMMAND"
    )]
    restart: Option<String>,
}

impl Cluster {
    /// Whether there is one.
    pub(crate) const fn is_named(&self) -> bool {
        self.url.is_some()
    }

    fn url(&self) -> Result<&str> {
        self.url.as_deref().context("no PostgreSQL is named")
    }

    /// Makes an empty database and answers its URL.
    pub(crate) async fn create_database(&self, name: &str) -> Result<String> {
        self.query(&format!("CREATE DATABASE {name}")).await?;
        let (server, _) = self.url()?.rsplit_once('/').context("a URL has a path")?;
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
        let command = self.restart.as_deref().context("no command restarts it")?;
        let mut restart = Command::new("sh");
        // The account of the server may not see this folder.
        restart.args(["-c", command]).current_dir("/");
        let restarted = restart.status().await?;
        ensure!(restarted.success(), "the cluster did not restart");
        Ok(())
    }

    async fn query(&self, query: &str) -> Result<String> {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align"])
            .args(["--command", query, self.url()?])
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
