//! What the machine does at best: the figures that a path is compared with.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::load::{Figures, Wrk};
use super::paths::{Compared, Path as Measured, TRIVIAL};
use super::pgbench::Pgbench;
use super::script::Script;
use super::server::Server;

/// What a floor is of, as the table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Floor {
    /// The same server's trivial JSON route.
    Route,
    /// nginx with a file of as many bytes.
    Nginx,
    /// As many bytes copied and made durable.
    Copy,
    /// pgbench with the same statements.
    Pgbench,
}

impl Floor {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Route => "the trivial route",
            Self::Nginx => "nginx",
            Self::Copy => "cp + fsync",
            Self::Pgbench => "pgbench",
        }
    }
}

/// pgbench, with a script for each path that has one.
pub(super) struct Scripts {
    pub(super) pgbench: Pgbench,
    pub(super) of: HashMap<&'static str, Script>,
}

/// What it takes to measure a floor.
pub(super) struct Ground<'a> {
    pub(super) wrk: &'a Wrk,
    pub(super) server: &'a Server,
    pub(super) folder: &'a Path,
    pub(super) scripts: Option<&'a Scripts>,
}

/// A floor that is ready to be measured, as often as is wanted.
pub(super) enum Ready<'a> {
    Route(&'a Server),
    Nginx(Server),
    Copy { bytes: usize },
    Pgbench(&'a Pgbench, &'a Script),
}

impl<'a> Ground<'a> {
    /// The floor of a path, if there is one.
    pub(super) fn ready(&self, measured: &Measured) -> Result<Option<Ready<'a>>> {
        let script = self
            .scripts
            .and_then(|scripts| Some((&scripts.pgbench, scripts.of.get(measured.name)?)));
        Ok(match (measured.compared, script) {
            (_, Some((pgbench, script))) => Some(Ready::Pgbench(pgbench, script)),
            (Compared::Alone, None) => None,
            (Compared::Route, None) => Some(Ready::Route(self.server)),
            (Compared::Nginx { bytes }, None) => {
                let files = self.folder.join("floor");
                fs::create_dir_all(&files)?;
                fs::write(files.join("file"), vec![b'x'; bytes])?;
                let program = super::programs::find("nginx", "nginx-light")?;
                Some(Ready::Nginx(Server::nginx(&program, self.folder, &files)?))
            }
            (Compared::Copy { bytes }, None) => Some(Ready::Copy { bytes }),
        })
    }

    /// Requests, bytes or transactions for a second.
    pub(super) fn measure(&self, ready: &Ready<'_>, connections: u32, seconds: u32) -> Result<f64> {
        let get = |server: &Server, path: &str| -> Result<Figures> {
            // The trivial route asks nobody who they are.
            let arguments = ["get", "none", path, "1"].map(str::to_owned);
            self.wrk
                .run(&server.base(), connections, seconds, &arguments)
        };
        match ready {
            Ready::Route(server) => Ok(get(server, TRIVIAL)?.per_second()),
            Ready::Nginx(server) => Ok(get(server, "/file")?.bytes_per_second()),
            Ready::Copy { bytes } => self.copy(*bytes, connections, seconds),
            Ready::Pgbench(pgbench, script) => pgbench.run(script, connections, seconds),
        }
    }

    /// How many bytes for a second are copied into new files and made durable, by as many at once
    /// as there are connections. The bytes are in the page cache, as an upload's are when they
    /// arrive; they go through a buffer, so that no file system shares them instead.
    fn copy(&self, bytes: usize, connections: u32, seconds: u32) -> Result<f64> {
        let folder = self.folder.join("floor-copies");
        fs::create_dir_all(&folder)?;
        let from = self.folder.join("floor-from");
        fs::write(&from, vec![b'x'; bytes])?;
        let begin = Instant::now();
        let end = begin + Duration::from_secs(seconds.into());
        let copies = std::thread::scope(|scope| -> Result<usize> {
            let threads: Vec<_> = (0..connections)
                .map(|number| {
                    let (folder, from) = (&folder, &from);
                    scope.spawn(move || copy_until(end, from, folder, number))
                })
                .collect();
            threads.into_iter().try_fold(0, |copies, thread| {
                let made = thread.join().ok().context("a copying thread panicked")??;
                Ok(copies + made)
            })
        })?;
        let took = begin.elapsed();
        fs::remove_dir_all(&folder)?;
        Ok((bytes * copies) as f64 / took.as_secs_f64())
    }
}

impl Ready<'_> {
    pub(super) const fn floor(&self) -> Floor {
        match self {
            Self::Route(_) => Floor::Route,
            Self::Nginx(_) => Floor::Nginx,
            Self::Copy { .. } => Floor::Copy,
            Self::Pgbench(..) => Floor::Pgbench,
        }
    }
}

/// Copies a file until it is time, once at least; how often it was copied.
fn copy_until(end: Instant, from: &Path, folder: &Path, number: u32) -> Result<usize> {
    const BUFFER: usize = 1 << 20;
    let mut buffer = vec![0; BUFFER];
    let mut copies = 0;
    loop {
        let to: PathBuf = folder.join(format!("{number}-{copies}"));
        let (mut source, mut target) = (File::open(from)?, File::create(to)?);
        loop {
            let read = source.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            target.write_all(&buffer[..read])?;
        }
        target.sync_all()?;
        copies += 1;
        if Instant::now() >= end {
            return Ok(copies);
        }
    }
}

/// The figure of a path that stands beside its floor.
pub(super) fn comparable(measured: &Measured, figures: &Figures) -> f64 {
    match measured.compared {
        Compared::Alone | Compared::Route => figures.per_second(),
        Compared::Nginx { .. } => figures.bytes_per_second(),
        // wrk counts what it reads; what it wrote is the file for each request.
        Compared::Copy { bytes } => figures.per_second() * bytes as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        let bytes = vec![7; (1 << 20) + 3];
        fs::write(&from, &bytes).unwrap();
        assert_eq!(
            copy_until(Instant::now(), &from, folder.path(), 1).unwrap(),
            1
        );
        assert_eq!(fs::read(folder.path().join("1-0")).unwrap(), bytes);
    }
}
