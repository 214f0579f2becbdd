//! The S3 server as a process, so that it can be killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::programs::{Programs, TIMEOUT};

const ACCESS_KEY_ID: &str = "test-access-key";
const SECRET_ACCESS_KEY: &str = "test-secret-key";
const BUCKET: &str = "desk";

/// A running S3 server on a folder of its own.
#[derive(Debug)]
pub(crate) struct S3Server {
    program: PathBuf,
    folder: PathBuf,
    child: Child,
    endpoint: String,
}

impl S3Server {
    /// Starts one with an empty bucket on any free port.
    pub(crate) async fn start(programs: &Programs, folder: PathBuf) -> Result<Self> {
        let program = programs.s3_test_server.clone();
        let (child, endpoint) = launch(&program, &folder, "0", &[]).await?;
        Ok(Self {
            program,
            folder,
            child,
            endpoint,
        })
    }

    /// The variables by which `classdesk` finds it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CLASSDESK_STORAGE_URL", format!("s3://{BUCKET}/files")),
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ]
    }

    /// The folder that it serves.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the objects are.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.join(BUCKET).join("files")
    }

    /// SIGKILL, and its end.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Starts it again at the same address.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.restart_with_variables(&[]).await
    }

    /// Starts it again at the same address, with these variables besides.
    pub(crate) async fn restart_with_variables(
        &mut self,
        variables: &[(&'static str, String)],
    ) -> Result<()> {
        let port = self
            .endpoint
            .rsplit(':')
            .next()
            .context("an endpoint has a port")?;
        (self.child, self.endpoint) = launch(&self.program, &self.folder, port, variables).await?;
        Ok(())
    }
}

async fn launch(
    program: &Path,
    folder: &Path,
    port: &str,
    variables: &[(&'static str, String)],
) -> Result<(Child, String)> {
    let mut child = Command::new(program)
        .arg(folder)
        .args([port, ACCESS_KEY_ID, SECRET_ACCESS_KEY, BUCKET])
        .envs(variables.iter().cloned())
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("s3-test-server can't be run")?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let mut lines = BufReader::new(stdout).lines();
    let first = timeout(TIMEOUT, lines.next_line()).await;
    let endpoint = first.context("the S3 server does not get ready")??;
    Ok((child, endpoint.context("the S3 server ended")?))
}
