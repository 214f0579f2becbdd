//! The processes under load: Classdesk itself, and nginx for the floor of downloads.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that ends with its owner.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts the program on a store and waits until it answers.
    pub(crate) fn classdesk(
        program: &Path,
        database: &str,
        storage: &str,
        more: &[&str],
    ) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--log", "warn", "--bind", &address.to_string()])
            .args(["--database-url", database, "--storage-url", storage])
            .args(more)
            .env("CLASSDESK_SUPERADMIN_PASSWORD", "unused by the benchmark");
        Self::start(command, address)
    }

    /// Starts nginx on a folder.
    pub(crate) fn nginx(program: &Path, folder: &Path, files: &Path) -> Result<Self> {
        let address = free_address()?;
        let configuration = folder.join("nginx.conf");
        let mut file = fs::File::create(&configuration)?;
        write!(
            file,
            "worker_processes 2;\ndaemon off;\nuser root;\npid {0}/nginx.pid;\n\
             error_log {0}/nginx.log;\nevents {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; server {{ listen {1}; root {2}; }} }}\n",
            folder.display(),
            address,
            files.display()
        )?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&configuration);
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Result<Self> {
        let child = command
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", crate::process::line(&command)))?;
        let mut server = Self { child, address };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}");
            }
            if begin.elapsed() > START_TIMEOUT {
                bail!("the server on {} does not answer", self.address);
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(())
    }

    fn ask_to_end(&self) -> Result<()> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(asked.success(), "kill ended with {asked}");
        Ok(())
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends one request, which has to succeed, and answers the status line and the headers.
    pub(crate) fn answer(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(START_TIMEOUT))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut text = String::new();
        for line in BufReader::new(stream.take(64 * 1024)).lines() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        if !text.starts_with("HTTP/1.1 2") {
            bail!("{method} {path} was answered:\n{text}");
        }
        Ok(text)
    }

    /// The processor time used so far, in microseconds.
    pub(crate) fn cpu_micros(&self) -> Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit_once(')').context("no process name")?.1;
        let fields: Vec<_> = after_name.split_whitespace().collect();
        // Fields 14 and 15 of the line, in ticks of a hundredth of a second (proc(5)).
        let ticks = |field: usize| -> Result<u64> {
            Ok(fields
                .get(field - 3)
                .context("a short stat line")?
                .parse()?)
        };
        Ok((ticks(14)? + ticks(15)?) * 10_000)
    }

    /// The present and the greatest resident memory since [`Server::forget_peak`], in bytes.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let figure = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let text = line.with_context(|| format!("no {name} in the status"))?;
            let kib = text.trim().trim_end_matches("kB").trim();
            Ok(kib.parse::<u64>()? * 1024)
        };
        Ok((figure("VmRSS:")?, figure("VmHWM:")?))
    }

    /// Begins the greatest resident memory anew.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(
            format!("/proc/{}/clear_refs", self.child.id()),
            "5",
        )?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The stores are thrown away with it, so there is nothing to wait for but processes of its
        // own, which nginx ends only when it is asked to end.
        if self.ask_to_end().is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
