//! The program under attack, as a process.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::place::Place;

/// How long anything that should happen may take before a run gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The password of `superadmin`.
pub(crate) const SUPERADMIN_PASSWORD: &str = "first-start-under-attack";

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// `classdesk`.
    pub(crate) classdesk: PathBuf,
    /// `s3-test-server`.
    pub(crate) s3_test_server: PathBuf,
}

impl Programs {
    /// Those in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let program = |name: &str| {
            let path = folder.join(name);
            ensure!(path.is_file(), "there is no {}", path.display());
            Ok(path)
        };
        Ok(Self {
            classdesk: program("classdesk")?,
            s3_test_server: program("s3-test-server")?,
        })
    }

    /// A command of `classdesk` in a place, with nothing of this process's own environment.
    fn command(&self, place: &Place, args: &[&str]) -> Command {
        let mut command = Command::new(&self.classdesk);
        command
            .args(args)
            .current_dir(place.folder())
            .env_clear()
            .envs(place.variables().iter().cloned())
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, place: &Place, args: &[&str]) -> Result<Output> {
        let output = timeout(PATIENCE, self.command(place, args).output()).await;
        Ok(output.with_context(|| format!("classdesk {} does not end", args.join(" ")))??)
    }
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
        place: &Place,
        options: &[&str],
    ) -> Result<Self> {
        Self::start_with_variables(programs, place, options, place.variables()).await
    }

    /// The same with other variables than the place's.
    pub(crate) async fn start_with_variables(
        programs: &Programs,
        place: &Place,
        options: &[&str],
        variables: &[(&'static str, String)],
    ) -> Result<Self> {
        // What goes wrong on purpose is logged too, and it is no news.
        let mut args = vec!["serve", "--bind", "127.0.0.1:0", "--log", "off"];
        args.extend(options);
        let mut command = programs.command(place, &args);
        command
            .env_clear()
            .envs(variables.iter().cloned())
            .env("CLASSDESK_SUPERADMIN_PASSWORD", SUPERADMIN_PASSWORD)
            .stderr(Stdio::inherit());
        let child = command.spawn().context("classdesk can't be run")?;
        let ready = timeout(PATIENCE, Self::ready(child)).await;
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
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.context("the server does not stop")??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
