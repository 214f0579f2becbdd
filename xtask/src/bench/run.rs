//! A server on a filled store under load, path by path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::postgres::{Cluster, Programs};
use crate::workspace::{cargo, target_dir};
use crate::{flags, process};

use super::floor::{Ground, Scripts, comparable};
use super::load::Wrk;
use super::paths::{self, Compared, Path as Measured};
use super::pgbench::{Pgbench, Request};
use super::report::{Report, Row};
use super::server::Server;

/// PostgreSQL as it is by default, whose writes are as durable as in production.
const DURABLE: crate::postgres::Settings = &[];

/// Everybody signs in from one address here, and each attempt counts as failed until it succeeded.
const LOGINS_FROM_ONE_NETWORK: [&str; 2] = ["--login-failures-per-network", "1000"];

pub(super) struct Built {
    server: PathBuf,
    filler: PathBuf,
}

pub(super) fn build() -> Result<Built> {
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

/// A store of its own, gone when its owner is done.
pub(super) struct Store {
    database: String,
    cluster: Option<(Programs, Cluster)>,
    folder: TempDir,
}

impl Store {
    pub(super) fn sqlite() -> Result<Self> {
        let folder = Self::folder()?;
        Ok(Self {
            database: format!("sqlite://{}/classdesk.db", folder.path().display()),
            cluster: None,
            folder,
        })
    }

    pub(super) fn postgres() -> Result<Self> {
        let programs = Programs::find()?;
        let cluster = Cluster::start(&programs, DURABLE)?;
        Ok(Self {
            database: cluster.url("postgres"),
            cluster: Some((programs, cluster)),
            folder: Self::folder()?,
        })
    }

    fn folder() -> Result<TempDir> {
        Ok(tempfile::Builder::new()
            .prefix("classdesk-bench-")
            .tempdir_in(target_dir()?)?)
    }

    /// Runs statements on the cluster, if there is one.
    fn psql(&self, statements: &[&str]) -> Result<()> {
        if let Some((programs, _)) = &self.cluster {
            let mut psql = Command::new(programs.path("psql"));
            psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
            psql.args(statements.iter().flat_map(|one| ["--command", one]));
            process::output(psql.arg(&self.database))?;
        }
        Ok(())
    }

    fn storage(&self) -> String {
        format!("file://{}/files", self.folder.path().display())
    }

    /// Fills it, and learns the names and numbers that the paths need.
    pub(super) fn fill(&self, program: &Path, large: bool) -> Result<HashMap<String, String>> {
        let begin = Instant::now();
        // Nobody waits for the disk as long as nothing is measured.
        self.psql(&["ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"])?;
        let mut command = Command::new(program);
        command.args(["--database-url", &self.database]);
        command.args(["--storage-url", &self.storage()]);
        if large {
            command.arg("--large");
        }
        let text = process::output(&mut command)?;
        self.psql(&[
            "ALTER SYSTEM RESET fsync",
            "SELECT pg_reload_conf()",
            // Otherwise plans change when autovacuum gets to it, which is while it is measured.
            "VACUUM ANALYZE",
            "CHECKPOINT",
        ])?;
        // What was written without waiting is on the disk before anything is measured.
        process::output(&mut Command::new("sync"))?;
        eprintln!("filled in {:.1} s", begin.elapsed().as_secs_f64());
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

/// A server on a filled store, and what loads it.
pub(super) struct Bench {
    pub(super) wrk: Wrk,
    pub(super) server: Server,
    scripts: Option<Scripts>,
    facts: HashMap<String, String>,
    /// The last to go.
    store: Store,
}

impl Bench {
    pub(super) fn start(programs: &Built, store: Store, large: bool) -> Result<Self> {
        let facts = store.fill(&programs.filler, large)?;
        let (program, storage) = (&programs.server, store.storage());
        let server =
            Server::classdesk(program, &store.database, &storage, &LOGINS_FROM_ONE_NETWORK)?;
        let mut bench = Self {
            wrk: Wrk::find(store.folder.path())?,
            server,
            scripts: None,
            facts,
            store,
        };
        bench.scripts = bench.scripts(program)?;
        Ok(bench)
    }

    /// On PostgreSQL, what pgbench runs for the paths that are compared with it.
    fn scripts(&self, program: &Path) -> Result<Option<Scripts>> {
        let Some((programs, cluster)) = &self.store.cluster else {
            return Ok(None);
        };
        let mut pgbench = Pgbench::new(programs, cluster, self.store.folder.path())?;
        let arguments = paths::ON_POSTGRES
            .iter()
            .map(|name| self.arguments(&paths::named(name)?))
            .collect::<Result<Vec<_>>>()?;
        let requests = arguments
            .iter()
            .map(|arguments| Request::of(arguments))
            .collect::<Result<Vec<_>>>()?;
        let scripts = pgbench.scripts(cluster, program, &self.store.storage(), &requests)?;
        Ok(Some(Scripts {
            pgbench,
            of: paths::ON_POSTGRES.into_iter().zip(scripts).collect(),
        }))
    }

    pub(super) fn fact(&self, name: &str) -> Result<&str> {
        let fact = self.facts.get(name).map(String::as_str);
        fact.with_context(|| format!("the data set has no {name}"))
    }

    pub(super) fn measure(&self, flags: &flags::Bench) -> Result<Report> {
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

    /// Measures a path, with its floor before and after: the machine is not always as quick.
    pub(super) fn row(&self, measured: &Measured, connections: u32) -> Result<Row> {
        let arguments = self.arguments(measured)?;
        let base = self.server.base();
        let ground = Ground {
            wrk: &self.wrk,
            server: &self.server,
            folder: self.store.folder.path(),
            scripts: self.scripts.as_ref(),
        };
        let ready = ground.ready(measured)?;
        let half = measured.seconds.div_ceil(2);
        let floor = || {
            ready
                .as_ref()
                .map(|ready| ground.measure(ready, connections, half))
                .transpose()
        };
        let before = floor()?;
        self.server.forget_peak()?;
        let cpu_before = self.server.cpu_micros()?;
        let figures = self
            .wrk
            .run(&base, connections, measured.seconds, &arguments)?;
        let cpu = self.server.cpu_micros()? - cpu_before;
        let (_, peak_memory) = self.server.memory()?;
        let after = floor()?;
        let floor = before.zip(after).map(|(a, b)| (a + b) / 2.0);
        Ok(Row {
            path: measured.name,
            connections,
            figures,
            is_quick: matches!(measured.compared, Compared::Route),
            cpu_micros: cpu as f64 / figures.requests.max(1) as f64,
            peak_memory,
            ratio: ready
                .zip(floor)
                .map(|(ready, floor)| (ready.floor(), comparable(measured, &figures) / floor)),
        })
    }

    /// The arguments of the script, with every `{fact}` filled in.
    pub(super) fn arguments(&self, measured: &Measured) -> Result<Vec<String>> {
        let mut filled = Vec::new();
        for argument in measured.arguments {
            let mut text = (*argument).to_owned();
            while let Some((begin, rest)) = text
                .split_once('{')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                && let Some((name, end)) = rest.split_once('}')
                && !name.contains('"')
            {
                let value = self.fact(name)?;
                text = format!("{begin}{value}{end}");
            }
            filled.push(text);
        }
        Ok(filled)
    }
}
