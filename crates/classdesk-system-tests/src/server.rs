//! The server under test, as a process.

use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::programs::{Programs, TIMEOUT};
use crate::stores::Stores;

/// The password of `superadmin`.
pub(crate) const SUPERADMIN_PASSWORD: &str = "first-start-under-attack";

/// Runs a command of `classdesk` to its end.
pub(crate) async fn run(programs: &Programs, stores: &Stores, args: &[&str]) -> Result<Output> {
    let output = timeout(TIMEOUT, command(programs, stores, args).output()).await;
    Ok(output.with_context(|| format!("classdesk {} does not end", args.join(" ")))??)
}

/// A command of `classdesk` with nothing of this process's own environment.
fn command(programs: &Programs, stores: &Stores, args: &[&str]) -> Command {
    let mut command = Command::new(&programs.classdesk);
    command
        .args(args)
        .current_dir(stores.folder())
        .env_clear()
        .envs(stores.variables().iter().cloned())
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A server that serves.
pub(crate) struct Server {
    child: Child,
    url: String,
    _rest: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts a server on any free port and waits until it is ready. Errors in its log go to
    /// standard error.
    pub(crate) async fn start(
        programs: &Programs,
        stores: &Stores,
        options: &[&str],
    ) -> Result<Self> {
        Self::start_with_variables(programs, stores, options, stores.variables()).await
    }

    /// The same with other variables than those of the stores.
    pub(crate) async fn start_with_variables(
        programs: &Programs,
        stores: &Stores,
        options: &[&str],
        variables: &[(&'static str, String)],
    ) -> Result<Self> {
        // What goes wrong on purpose is logged too, and it is no news.
        let mut args = vec!["serve", "--bind", "127.0.0.1:0", "--log", "off"];
        args.extend(options);
        let mut command = command(programs, stores, &args);
        command
            .env_clear()
            .envs(variables.iter().cloned())
            .env("CLASSDESK_SUPERADMIN_PASSWORD", SUPERADMIN_PASSWORD)
            .stderr(Stdio::inherit());
        let child = command.spawn().context("classdesk can't be run")?;
        let ready = timeout(TIMEOUT, Self::ready(child)).await;
        ready.context("the server does not get ready")?
    }

    async fn ready(mut child: Child) -> Result<Self> {
        let stdout = child.stdout.take().context("standard output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut url = None;
        loop {
            let Some(line) = lines.next_line().await? else {
                bail!(
                    "the server ended with {} before it was ready",
                    child.wait().await?
                );
            };
            // An empty line ends the report.
            if line.is_empty() {
                break;
            }
            if let Some(address) = line.trim().strip_prefix("address ") {
                url = Some(address.trim().trim_end_matches('/').to_owned());
            }
        }
        Ok(Self {
            child,
            url: url.context("the report names no address")?,
            _rest: lines,
        })
    }

    /// Where it serves, without a last slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// SIGKILL, and its end.
    pub(crate) async fn kill(mut self) -> Result<()> {
        ensure!(self.runs()?, "the server had ended by itself");
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and its end, which has to be a good one.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.id().context("the server had ended by itself")?;
        let sent = Command::new("kill").arg(id.to_string()).status().await?;
        ensure!(sent.success(), "SIGTERM was not sent");
        let ended = timeout(TIMEOUT, self.child.wait()).await;
        let status = ended.context("the server does not stop")??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
