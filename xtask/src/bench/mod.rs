//! `cargo xtask bench`: how fast the server is, beside what the machine could do at best.
//!
//! Everything is measured in one run on one machine, and compared with a floor that was measured
//! right before, because absolute figures say more about the machine than about the program.

mod floor;
mod goals;
mod growth;
mod load;
mod paths;
mod pgbench;
mod report;
mod script;
mod server;
mod statements;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::postgres::{Cluster, Programs};
use crate::workspace::{cargo, root, target_dir};
use crate::{flags, process};

use floor::{Ground, Scripts, comparable};
use load::Wrk;
use paths::{Compared, Path as Measured};
use pgbench::{Pgbench, Request};
use report::{Report, Row};
use server::Server;

/// PostgreSQL as it is by default, whose writes are as durable as in production.
const DURABLE: crate::postgres::Settings = &[];

/// Everybody signs in from one address here, and each attempt counts as failed until it succeeded.
const LOGINS_FROM_ONE_ADDRESS: [&str; 2] = ["--login-failures-per-address", "1000"];

/// `cargo xtask bench`.
pub(crate) fn run(flags: &flags::Bench) -> Result<()> {
    let is_plain = !flags.postgres && !flags.large && flags.path.is_none();
    if flags.growth && !is_plain {
        bail!("--growth measures three paths on both data sets on SQLite; it goes with no other");
    }
    let programs = build()?;
    let text = if flags.growth {
        growth::run(&programs)?
    } else {
        let store = if flags.postgres {
            Store::postgres()?
        } else {
            Store::sqlite()?
        };
        let bench = Bench::start(&programs, store, flags.large)?;
        bench.measure(flags)?.markdown(&command_line(flags))
    };
    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    {
        println!("{text}");
    }
    if is_plain && !flags.growth {
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

/// A store of its own, gone when its owner is done.
struct Store {
    database: String,
    cluster: Option<(Programs, Cluster)>,
    folder: TempDir,
}

impl Store {
    fn sqlite() -> Result<Self> {
        let folder = Self::folder()?;
        Ok(Self {
            database: format!("sqlite://{}/classdesk.db", folder.path().display()),
            cluster: None,
            folder,
        })
    }

    fn postgres() -> Result<Self> {
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
    fn fill(&self, program: &Path, large: bool) -> Result<HashMap<String, String>> {
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

/// Finds a program that only the benchmark needs.
fn find(program: &str, package: &str) -> Result<PathBuf> {
    let sbin = PathBuf::from("/usr/sbin").join(program);
    process::find(program)
        .or_else(|| process::is_program(&sbin).then_some(sbin))
        .with_context(|| format!("{program} is needed: apt-get install {package}"))
}

/// A server on a filled store, and what loads it.
struct Bench {
    wrk: Wrk,
    server: Server,
    scripts: Option<Scripts>,
    facts: HashMap<String, String>,
    /// The last to go.
    store: Store,
}

impl Bench {
    fn start(programs: &Built, store: Store, large: bool) -> Result<Self> {
        let facts = store.fill(&programs.filler, large)?;
        let (program, storage) = (&programs.server, store.storage());
        let server =
            Server::classdesk(program, &store.database, &storage, &LOGINS_FROM_ONE_ADDRESS)?;
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

    /// Measures a path, with its floor before and after: the machine is not always as quick.
    fn row(&self, measured: &Measured, connections: u32) -> Result<Row> {
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
        let headers = self.server.answer("GET", &path, self.fact("token")?, "")?;
        let etag = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("etag")
                .then(|| value.trim().to_owned())
        });
        etag.with_context(|| format!("{path} has no ETag:\n{headers}"))
    }
}
