//! A PostgreSQL cluster of the run's own, so that it can be killed.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::program::PATIENCE;

const READY: &str = "database system is ready to accept connections";

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// What is acknowledged survives the end of every process. The machine stays up, so nothing needs
/// to wait for the disk.
const SETTINGS: [&str; 4] = [
    "listen_addresses=127.0.0.1",
    "synchronous_commit=on",
    "fsync=off",
    "max_connections=400",
];

/// A cluster in a folder of its own on a free port. It ends with this.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    account: Account,
    folder: TempDir,
    port: u16,
    server: Child,
}

impl Cluster {
    /// Makes a cluster and starts it.
    pub(crate) async fn start(programs: &Path) -> Result<Self> {
        let account = Account::for_server().await?;
        let folder = tempfile::Builder::new()
            .prefix("classdesk-torture-postgres-")
            .tempdir()?;
        account.own(folder.path())?;
        let mut initdb = account.command(&programs.join("initdb"));
        initdb
            .args(["--no-sync", "--encoding=UTF8", "--locale=C"])
            .args(["--username=postgres", "--auth=trust", "--pgdata"])
            .arg(folder.path().join("data"));
        let made = initdb.output().await.context("initdb can't be run")?;
        ensure!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let server = launch(programs, &account, folder.path(), port).await?;
        Ok(Self {
            programs: programs.to_owned(),
            account,
            folder,
            port,
            server,
        })
    }

    /// Makes an empty database and answers its URL.
    pub(crate) async fn create_database(&self, name: &str) -> Result<String> {
        let Self { port, .. } = self;
        let made = Command::new(self.programs.join("createdb"))
            .args(["--host=127.0.0.1", "--username=postgres"])
            .args([&format!("--port={port}"), name])
            .output()
            .await?;
        ensure!(
            made.status.success(),
            "createdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        Ok(format!(
            "postgres://postgres@127.0.0.1:{port}/{name}?sslmode=disable"
        ))
    }

    /// Waits until nobody is connected to its databases.
    pub(crate) async fn wait_until_unused(&self) -> Result<()> {
        let Self { port, .. } = self;
        let begun = Instant::now();
        loop {
            let asked = Command::new(self.programs.join("psql"))
                .args(["--host=127.0.0.1", "--username=postgres", "--tuples-only"])
                .args([&format!("--port={port}"), "--command", CONNECTIONS])
                .output()
                .await?;
            let said = String::from_utf8(asked.stdout)?;
            if said.trim() == "0" {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "a killed server's connections live on"
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it the way that loses what is not yet in its log: every process ends at once, and
    /// the next start recovers.
    pub(crate) async fn stop_at_once(&mut self) -> Result<()> {
        let mut stop = self.account.command(&self.programs.join("pg_ctl"));
        stop.args(["stop", "--silent", "--wait", "--mode=immediate", "--pgdata"])
            .arg(self.folder.path().join("data"));
        let stopped = stop.status().await?;
        ensure!(stopped.success(), "pg_ctl did not stop the cluster");
        self.server.wait().await?;
        Ok(())
    }

    /// Starts it again at the same address.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.server = launch(&self.programs, &self.account, self.folder.path(), self.port).await?;
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A fast end, which also stops its children; the folder goes next.
        let mut stop = self.account.command(&self.programs.join("pg_ctl"));
        stop.args(["stop", "--silent", "--wait", "--mode=immediate", "--pgdata"])
            .arg(self.folder.path().join("data"));
        let _ = stop.as_std_mut().status();
    }
}

async fn launch(programs: &Path, account: &Account, folder: &Path, port: u16) -> Result<Child> {
    let mut server = account
        .command(&programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-p", &port.to_string()])
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .kill_on_drop(true)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("postgres can't be run")?;
    let said = server.stderr.take().context("standard error is piped")?;
    let mut lines = BufReader::new(said).lines();
    let ready = async {
        let mut all = String::new();
        while let Some(line) = lines.next_line().await? {
            if line.contains(READY) {
                return Ok(());
            }
            all.push_str(&line);
            all.push('\n');
        }
        bail!("PostgreSQL did not start:\n{all}")
    };
    timeout(PATIENCE, ready)
        .await
        .context("PostgreSQL does not get ready")??;
    // It would wait for a reader once the pipe is full.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(server)
}

/// Who runs the server, which refuses to be run by the superuser.
#[derive(Debug)]
enum Account {
    /// Whoever runs this.
    Own,
    /// Another user, whom the superuser becomes.
    Other { uid: u32, gid: u32 },
}

impl Account {
    async fn for_server() -> Result<Self> {
        if id(&["-u"]).await? != 0 {
            return Ok(Self::Own);
        }
        for name in ["postgres", "nobody"] {
            if let (Ok(uid), Ok(gid)) = (id(&["-u", name]).await, id(&["-g", name]).await) {
                return Ok(Self::Other { uid, gid });
            }
        }
        bail!("PostgreSQL can't be run as root, and there is no user postgres or nobody")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Other { uid, gid } => {
                let mut command = Command::new("setpriv");
                command
                    .args([format!("--reuid={uid}"), format!("--regid={gid}")])
                    // Should this program be killed, the server ends with it.
                    .args(["--clear-groups", "--pdeathsig=QUIT"])
                    .arg(program);
                command
            }
        };
        command
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    fn own(&self, path: &Path) -> Result<()> {
        if let Self::Other { uid, gid } = self {
            chown(path, Some(*uid), Some(*gid))?;
        }
        Ok(())
    }
}

async fn id(args: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(args).output().await?;
    ensure!(output.status.success(), "id {} failed", args.join(" "));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
