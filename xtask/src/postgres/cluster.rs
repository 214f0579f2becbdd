//! Starting and stopping a cluster.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::programs::Programs;
use crate::process;

/// Settings, as `name=value`.
pub(crate) type Settings = &'static [&'static str];

/// How long a server may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Another process may take the port between its choice and the server's start.
const START_ATTEMPTS: u32 = 3;
const READY: &str = "database system is ready to accept connections";

/// A running cluster in a folder of its own, on a free port of the loopback interface. Dropping
/// it stops the server and removes the folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    server: Child,
    account: Account,
    pg_ctl: PathBuf,
    folder: TempDir,
    port: u16,
    password: String,
}

impl Cluster {
    /// Creates a cluster and waits until it accepts connections.
    pub(crate) fn start(programs: &Programs, settings: Settings) -> Result<Self> {
        process::clean_up_when_interrupted();
        let account = Account::for_server()?;
        let folder = tempfile::Builder::new()
            .prefix("classdesk-postgres-")
            .tempdir()
            .context("cannot create a temporary folder")?;
        let password = random_word()?;
        initialize(programs, &account, folder.path(), &password)?;

        let mut attempt = 1;
        loop {
            let port = free_port()?;
            match launch(programs, &account, folder.path(), port, settings) {
                Ok(server) => {
                    return Ok(Self {
                        server,
                        account,
                        pg_ctl: programs.path("pg_ctl"),
                        folder,
                        port,
                        password,
                    });
                }
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// The address of one of its databases, for its superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        let Self { port, password, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// Stops every process at once, without a checkpoint, and starts the server again.
    pub(crate) fn restart(&self) -> Command {
        let mut command = self.account.command(&self.pg_ctl);
        command
            .args(["restart", "--silent", "--wait", "--mode=immediate"])
            .arg("--log")
            .arg(log_file(self.folder.path()))
            .arg("--pgdata")
            .arg(data_folder(self.folder.path()));
        command
    }

    /// What the server has said so far.
    pub(crate) fn said(&self) -> Result<String> {
        let file = log_file(self.folder.path());
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.account.command(&self.pg_ctl);
        stop.args(["stop", "--silent", "--wait", "--mode=immediate", "--pgdata"])
            .arg(data_folder(self.folder.path()))
            .process_group(0);
        if let Err(error) = process::output(&mut stop) {
            eprintln!("{error:#}");
            // There is nothing left to do about it when this fails too.
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// Who runs the server, which refuses to be run by the superuser.
#[derive(Debug)]
enum Account {
    /// The account that runs this task.
    Own,
    /// Another user, whom the superuser becomes.
    Other { uid: u32, gid: u32 },
}

impl Account {
    fn for_server() -> Result<Self> {
        if !process::is_root() {
            return Ok(Self::Own);
        }
        if process::find("setpriv").is_none() {
            bail!(
                "PostgreSQL cannot be run as root, and there is no setpriv to become another user"
            );
        }
        let id = |option: &str, name: &str| -> Result<u32> {
            Ok(process::output(Command::new("id").args([option, name]))?.parse()?)
        };
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| {
                Some(Self::Other {
                    uid: id("-u", name).ok()?,
                    gid: id("-g", name).ok()?,
                })
            })
            .context("PostgreSQL cannot be run as root, and there is no user postgres or nobody")
    }

    /// A command that runs as this user.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Other { uid, gid } => {
                let mut command = Command::new("setpriv");
                command
                    .args([format!("--reuid={uid}"), format!("--regid={gid}")])
                    // Should this task be killed, the server ends with it.
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
            chown(path, Some(*uid), Some(*gid))
                .with_context(|| format!("cannot hand over {}", path.display()))?;
        }
        Ok(())
    }
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn initialize(programs: &Programs, account: &Account, folder: &Path, password: &str) -> Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, password)?;
    account.own(&password_file)?;
    account.own(folder)?;
    let mut initdb = account.command(&programs.path("initdb"));
    initdb
        .args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ])
        .args(["--auth=scram-sha-256", "--pwfile"])
        .arg(&password_file)
        .arg("--pgdata")
        .arg(data_folder(folder));
    process::output(&mut initdb).context("cannot create a PostgreSQL cluster")?;
    Ok(())
}

fn launch(
    programs: &Programs,
    account: &Account,
    folder: &Path,
    port: u16,
    settings: Settings,
) -> Result<Child> {
    let mut postgres = account.command(&programs.path("postgres"));
    postgres
        .arg("-D")
        .arg(data_folder(folder))
        .arg("-k")
        .arg(folder)
        .args(["-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "max_connections=400"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]));
    // An interruption at the terminal is for the tests first, and the server goes last.
    postgres.process_group(0);
    let mut server = postgres
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start postgres")?;

    let said = server.stderr.take().expect("stderr is piped");
    let log = File::create(log_file(folder))?;
    // A restart appends to it as this user.
    account.own(&log_file(folder))?;
    let (ready, wait) = mpsc::channel();
    thread::spawn(move || keep_log(said, log, &ready));
    if wait.recv_timeout(START_TIMEOUT).is_ok() {
        return Ok(server);
    }
    let _ = server.kill();
    let _ = server.wait();
    let mut said = String::new();
    File::open(log_file(folder))?.read_to_string(&mut said)?;
    bail!("PostgreSQL did not start:\n{}", said.trim_end())
}

/// Copies what the server says into its log, and tells when it is ready. A waiting task is let go
/// when the server ends without ever being ready.
fn keep_log(said: impl Read, mut log: File, ready: &Sender<()>) {
    for line in BufReader::new(said).lines() {
        let Ok(line) = line else { return };
        if line.contains(READY) {
            // The one who waited may have given up.
            let _ = ready.send(());
        }
        // A full disk costs the log, not the server, which would wait for a reader.
        let _ = writeln!(log, "{line}");
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn random_word() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("no randomness for a password")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
