//! The floor on PostgreSQL: pgbench with the statements that the server sends for a request.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::script::{Samples, Script};
use super::server::Server;
use super::statements;
use crate::postgres::{Cluster, Programs};
use crate::process;

/// The server's connections to its database: it is started with its default.
const CONNECTIONS: u32 = 8;
/// How long the log may take to show what was said.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);
/// How many pairs of ids are tried for one that makes a script.
const PAIRS: u64 = 5;

/// A request that is made for one id after the other.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// With `%d` for the id.
    pub(super) path: &'a str,
    /// The greatest id.
    pub(super) count: &'a str,
    pub(super) token: &'a str,
    pub(super) body: &'a str,
}

/// pgbench on a cluster.
pub(super) struct Pgbench {
    program: PathBuf,
    url: String,
    folder: PathBuf,
    /// What the server sets on each of its connections.
    options: String,
}

impl Pgbench {
    pub(super) fn new(programs: &Programs, cluster: &Cluster, folder: &Path) -> Result<Self> {
        let program = programs.path("pgbench");
        if !process::is_program(&program) {
            bail!("PostgreSQL has no pgbench in {}", program.display());
        }
        Ok(Self {
            program,
            url: cluster.url("postgres"),
            folder: folder.to_owned(),
            options: String::new(),
        })
    }

    /// Has a server of its own, with one connection, make requests, and writes a script for each
    /// from what the cluster's log says was sent.
    pub(super) fn scripts(
        &mut self,
        cluster: &Cluster,
        program: &Path,
        storage: &str,
        requests: &[Request<'_>],
    ) -> Result<Vec<Script>> {
        let url = format!("{}?options=-c%20log_statement%3Dall", self.url);
        let one = ["--database-connections", "1"];
        let server = Server::classdesk(program, &url, storage, &one)?;
        let mut listener = Listener {
            pgbench: self,
            cluster,
            marks: 0,
        };
        // The first request makes the connection, and uses the session for the first time.
        let first = requests.first().context("no request to listen to")?;
        let begin = listener.statements(|| first.send(&server, 1))?;
        let scripts = requests
            .iter()
            .map(|request| {
                listener
                    .script(&server, request)
                    .with_context(|| format!("no script for {} {}", request.method, request.path))
            })
            .collect::<Result<_>>()?;
        self.options = settings(&begin);
        Ok(scripts)
    }

    /// How many times a second the script is run by as many connections as the server would use.
    pub(super) fn run(&self, script: &Script, connections: u32, seconds: u32) -> Result<f64> {
        let clients = connections.min(CONNECTIONS);
        let file = self.folder.join("pgbench.sql");
        std::fs::write(&file, &script.text)?;
        let mut command = self.command(&file);
        command
            .args(["--protocol=prepared", &format!("--client={clients}")])
            .arg(format!("--jobs={}", clients.min(2)))
            .arg(format!("--time={seconds}"))
            .env("PGOPTIONS", &self.options);
        for (name, value) in &script.variables {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let text = process::output(command.arg(&self.url))?;
        per_second(&text).with_context(|| format!("pgbench said:\n{text}"))
    }

    fn command(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--file"]).arg(file);
        command
    }
}

impl<'a> Request<'a> {
    /// Of the arguments that wrk's script gets for it.
    pub(super) fn of(arguments: &'a [String]) -> Result<Self> {
        let [kind, token, path, count, body @ ..] = arguments else {
            bail!("a request of too few arguments");
        };
        Ok(Self {
            method: if kind == "post" { "POST" } else { "GET" },
            path,
            count,
            token,
            body: body.first().map_or("", String::as_str),
        })
    }

    fn send(&self, server: &Server, id: u64) -> Result<()> {
        let path = self.path.replace("%d", &id.to_string());
        server
            .answer(self.method, &path, self.token, self.body)
            .map(drop)
    }
}

/// Hears what is said between two marks in the log.
struct Listener<'a> {
    pgbench: &'a Pgbench,
    cluster: &'a Cluster,
    marks: u32,
}

impl Listener<'_> {
    fn script(&mut self, server: &Server, request: &Request<'_>) -> Result<Script> {
        let count: u64 = request.count.parse()?;
        let mut outcome = None;
        for pair in 0..PAIRS {
            // An id that stands for something else as well would be taken for both.
            let ids = [count / 2 + pair * 7, count / 3 + pair * 5];
            let mut of = |id| self.statements(|| request.send(server, id));
            let samples = Samples {
                ids,
                first: of(ids[0])?,
                again: of(ids[0])?,
                other: of(ids[1])?,
            };
            let script = samples.script(request.count);
            if script.is_ok() {
                return script;
            }
            outcome = Some(script);
        }
        outcome.context("no ids to ask for")?
    }

    /// The statements that are logged while something is done.
    fn statements(
        &mut self,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<Vec<statements::Statement>> {
        let begin = self.mark()?;
        work()?;
        let end = self.mark()?;
        let log = self.cluster.said()?;
        let (_, log) = log.split_once(&begin).context("the log has no mark")?;
        let (log, _) = log.split_once(&end).context("the log has no mark")?;
        // What is left of the second mark's line is no statement.
        let log = log.rsplit_once('\n').map_or("", |(log, _)| log);
        statements::read(log)
    }

    /// Makes the log say something that nobody else says, and waits until it does.
    fn mark(&mut self) -> Result<String> {
        self.marks += 1;
        let mark = format!("SELECT 'mark {}'", self.marks);
        let file = self.pgbench.folder.join("mark.sql");
        std::fs::write(&file, format!("{mark};\n"))?;
        let mut command = self.pgbench.command(&file);
        command
            .arg("--transactions=1")
            .arg(&self.pgbench.url)
            .env("PGOPTIONS", "-c log_statement=all");
        process::output(&mut command)?;
        let begin = Instant::now();
        while !self.cluster.said()?.contains(&mark) {
            if begin.elapsed() > LOG_TIMEOUT {
                bail!("the log of PostgreSQL does not show {mark}");
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Ok(mark)
    }
}

/// What the statements set for their connection, as an argument of libpq.
fn settings(statements: &[statements::Statement]) -> String {
    let set = statements
        .iter()
        .flat_map(|statement| statement.sql.split(';'))
        .filter_map(|one| one.trim().strip_prefix("SET ")?.split_once(" = "));
    set.map(|(name, value)| format!("-c {name}={value}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Reads `tps = 1234.5 (without initial connection time)`.
fn per_second(text: &str) -> Result<f64> {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("tps = "));
    let figure = line.and_then(|line| line.split_whitespace().next());
    Ok(figure.context("no line of tps")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_tps_is_read() {
        let text = "transaction type: x.sql\nlatency average = 1.2 ms\n\
                    initial connection time = 9.1 ms\n\
                    tps = 3521.25 (without initial connection time)";
        assert_eq!(per_second(text).unwrap(), 3521.25);
        assert!(per_second("pgbench: error: client 0 aborted").is_err());
    }

    #[test]
    fn what_a_connection_sets_becomes_an_option() {
        let statement = |sql: &str| statements::Statement {
            sql: sql.to_owned(),
            parameters: Vec::new(),
        };
        let said = [
            statement("SET TIME ZONE 'UTC'"),
            statement("SET lock_timeout = 5000; SET synchronous_commit = on;"),
            statement("SELECT 1"),
        ];
        assert_eq!(
            settings(&said),
            "-c lock_timeout=5000 -c synchronous_commit=on"
        );
    }
}
