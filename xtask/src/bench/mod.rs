//! `cargo xtask bench`: how fast the server is, beside what the machine could do at best.
//!
//! Everything is measured in one run on one machine, and compared with a floor that was measured
//! right before, because absolute figures say more about the machine than about the program.

mod load;
mod paths;
mod report;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::postgres::{Cluster, Programs};
use crate::workspace::{cargo, root, target_dir};
use crate::{flags, process};

use load::{Figures, Wrk};
use paths::{Compared, Path as Measured};
use report::{Report, Row};
use server::Server;

/// Settings of a cluster whose writes are as durable as in production.
const DURABLE: crate::postgres::Settings = &["fsync=on", "synchronous_commit=on"];

/// `cargo xtask bench`.
pub(crate) fn run(flags: &flags::Bench) -> Result<()> {
    let programs = build()?;
    let folder = tempfile::Builder::new()
        .prefix("classdesk-bench-")
        .tempdir_in(target_dir()?)?;
    let cluster = if flags.postgres {
        Some(Cluster::start(&Programs::find_or_install()?, DURABLE)?)
    } else {
        None
    };
    let database = match &cluster {
        Some(cluster) => cluster.url("postgres"),
        None => format!("sqlite://{}/classdesk.db", folder.path().display()),
    };
    let storage = format!("file://{}/files", folder.path().display());
    let facts = fill(&programs.filler, &database, &storage, flags.large)?;
    let bench = Bench {
        wrk: Wrk::find_or_install(folder.path())?,
        server: Server::classdesk(&programs.server, &database, &storage)?,
        folder: folder.path().to_owned(),
        facts,
    };
    let report = bench.measure(flags)?;
    let command = command_line(flags);
    let text = report.markdown(&command);
    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    {
        println!("{text}");
    }
    if !flags.postgres && !flags.large && flags.path.is_none() {
        std::fs::write(root().join("docs/performance.md"), text)?;
    }
    Ok(())
}

fn command_line(flags: &flags::Bench) -> String {
    let mut line = "cargo xtask bench".to_owned();
    if flags.postgres {
        line.push_str(" --postgres");
    }
    if flags.large {
        line.push_str(" --large");
    }
    line
}

struct Built {
    server: PathBuf,
    filler: PathBuf,
}

fn build() -> Result<Built> {
    process::run(cargo().args([
        "build",
        "--release",
        "--locked",
        "--package=classdesk-server",
        "--bin=classdesk",
        "--example=bench_data",
    ]))?;
    let release = target_dir()?.join("release");
    Ok(Built {
        server: release.join("classdesk"),
        filler: release.join("examples/bench_data"),
    })
}

/// Fills the store, and learns the names and numbers that the paths need.
fn fill(
    program: &Path,
    database: &str,
    storage: &str,
    large: bool,
) -> Result<HashMap<String, String>> {
    let begin = Instant::now();
    let mut command = Command::new(program);
    command.args(["--database-url", database, "--storage-url", storage]);
    if large {
        command.arg("--large");
    }
    let text = process::output(&mut command)?;
    eprintln!("filled in {:.1} s", begin.elapsed().as_secs_f64());
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Finds a program, or installs its Debian package when that is possible.
fn find_or_install(program: &str, package: &str) -> Result<PathBuf> {
    if let Some(found) = process::find(program) {
        return Ok(found);
    }
    let sbin = PathBuf::from("/usr/sbin").join(program);
    if process::is_program(&sbin) {
        return Ok(sbin);
    }
    if process::is_root() && process::find("apt-get").is_some() {
        process::run(Command::new("apt-get").args(["install", "--yes", "-qq", package]))?;
        return process::find(program)
            .or_else(|| process::is_program(&sbin).then_some(sbin))
            .with_context(|| format!("{package} was installed and has no {program}"));
    }
    bail!("{program} is needed; install it, for example: sudo apt-get install {package}")
}

struct Bench {
    wrk: Wrk,
    server: Server,
    folder: PathBuf,
    facts: HashMap<String, String>,
}

impl Bench {
    fn fact(&self, name: &str) -> Result<&str> {
        let fact = self.facts.get(name).map(String::as_str);
        fact.with_context(|| format!("the data set has no {name}"))
    }

    fn measure(&self, flags: &flags::Bench) -> Result<Report> {
        let (idle_memory, _) = self.server.memory()?;
        let mut rows = Vec::new();
        for measured in paths::all() {
            if flags
                .path
                .as_deref()
                .is_some_and(|wanted| !measured.name.contains(wanted))
            {
                continue;
            }
            for connections in measured.connections {
                let row = self.row(&measured, *connections)?;
                eprintln!(
                    "{:<40} {:>4} connections {:>9.0}/s {:?}",
                    row.path,
                    row.connections,
                    row.figures.per_second(),
                    row.ratio
                );
                rows.push(row);
            }
        }
        Ok(Report {
            store: if flags.postgres {
                "PostgreSQL and a folder"
            } else {
                "SQLite and a folder"
            },
            amount: if flags.large { "large" } else { "default" },
            idle_memory,
            rows,
        })
    }

    fn row(&self, measured: &Measured, connections: u32) -> Result<Row> {
        let arguments = self.arguments(measured)?;
        let base = self.server.base();
        let floor = self.floor(measured, connections)?;
        self.server.forget_peak()?;
        let before = self.server.cpu_micros()?;
        let figures = self
            .wrk
            .run(&base, connections, measured.seconds, &arguments)?;
        let cpu = self.server.cpu_micros()? - before;
        let (_, peak_memory) = self.server.memory()?;
        let ratio =
            floor.map(|(name, floor)| (name, compared(measured.compared, &figures) / floor));
        Ok(Row {
            path: measured.name,
            connections,
            figures,
            cpu_micros: cpu as f64 / figures.requests.max(1) as f64,
            peak_memory,
            ratio,
        })
    }

    /// The arguments of the script, with every `{fact}` filled in.
    fn arguments(&self, measured: &Measured) -> Result<Vec<String>> {
        let mut filled = Vec::new();
        for argument in measured.arguments {
            let mut text = (*argument).to_owned();
            while let Some((begin, rest)) = text
                .split_once('{')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                && let Some((name, end)) = rest.split_once('}')
                && !name.contains('"')
            {
                let value = if name == "etag" {
                    self.etag(measured)?
                } else {
                    self.fact(name)?.to_owned()
                };
                text = format!("{begin}{value}{end}");
            }
            filled.push(text);
        }
        Ok(filled)
    }

    /// The ETag of the path that is asked for unchanged.
    fn etag(&self, measured: &Measured) -> Result<String> {
        let path = measured.arguments[2].replace("%d", "1");
        let headers = self.server.headers(&path, self.fact("token")?)?;
        let etag = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("etag")
                .then(|| value.trim().to_owned())
        });
        etag.with_context(|| format!("{path} has no ETag:\n{headers}"))
    }

    /// What the machine does at best, in requests or bytes for a second.
    fn floor(&self, measured: &Measured, connections: u32) -> Result<Option<(&'static str, f64)>> {
        match measured.compared {
            Compared::Alone => Ok(None),
            Compared::Route => {
                let token = self.fact("token")?;
                let arguments = ["get", token, "/healthz/live", "1"].map(str::to_owned);
                let figures = self.wrk.run(
                    &self.server.base(),
                    connections,
                    measured.seconds,
                    &arguments,
                )?;
                Ok(Some(("of the trivial route", figures.per_second())))
            }
            Compared::Nginx { bytes } => {
                let files = self.folder.join("floor");
                std::fs::create_dir_all(&files)?;
                std::fs::write(files.join("file"), vec![b'x'; bytes])?;
                let program = find_or_install("nginx", "nginx-light")?;
                let nginx = Server::nginx(&program, &self.folder, &files)?;
                let arguments = ["get", "none", "/file", "1"].map(str::to_owned);
                let figures =
                    self.wrk
                        .run(&nginx.base(), connections, measured.seconds, &arguments)?;
                Ok(Some(("of nginx", figures.bytes_per_second())))
            }
            Compared::Copy { bytes } => Ok(Some(("of dd + fsync", self.copy(bytes)?))),
        }
    }

    /// How many bytes for a second `dd` writes and makes durable.
    fn copy(&self, bytes: usize) -> Result<f64> {
        let (from, to) = (self.folder.join("floor-from"), self.folder.join("floor-to"));
        std::fs::write(&from, vec![b'x'; bytes])?;
        let rounds = (200_000_000 / bytes).clamp(2, 200);
        let begin = Instant::now();
        for _ in 0..rounds {
            process::output(
                Command::new("dd")
                    .arg(format!("if={}", from.display()))
                    .arg(format!("of={}", to.display()))
                    .args(["bs=1M", "conv=fsync", "status=none"]),
            )?;
        }
        Ok((bytes * rounds) as f64 / begin.elapsed().as_secs_f64())
    }
}

fn compared(compared: Compared, figures: &Figures) -> f64 {
    match compared {
        Compared::Alone | Compared::Route => figures.per_second(),
        Compared::Nginx { .. } => figures.bytes_per_second(),
        // wrk counts what it reads; what it wrote is the file for each request.
        Compared::Copy { bytes } => figures.per_second() * bytes as f64,
    }
}
