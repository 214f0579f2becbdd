//! `cargo xtask dev`: serves the demo, and builds and starts it anew whenever the code changes.
//!
//! The folders are looked at twice a second instead of through the system's notifications: that
//! needs no library, and works in containers and on shared folders too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::flags::Dev;
use crate::process;
use crate::workspace::{cargo, root, target_dir};

/// How often the folders are looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// What the program is made of.
const WATCHED: [&str; 4] = ["crates", "migrations", "Cargo.toml", "Cargo.lock"];

pub(crate) fn run(flags: &Dev) -> Result<()> {
    let program = target_dir()?.join("debug/classdesk");
    let mut server: Option<Served> = None;
    let mut seen = None;
    loop {
        let now = Snapshot::of(root())?;
        if seen.as_ref() != Some(&now) {
            seen = Some(now);
            let mut build = cargo();
            build.args(["build", "--package=classdesk-server", "--bin=classdesk"]);
            // What can't be built is no reason to stop what runs, nor to stop watching.
            match process::run(&mut build) {
                Ok(()) => {
                    drop(server.take());
                    server = Some(Served::start(&program, flags)?);
                }
                Err(error) => eprintln!("{error}; waiting for the next change"),
            }
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// A server that is stopped before the next one starts.
struct Served(Child);

impl Served {
    fn start(program: &Path, flags: &Dev) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .current_dir(root())
            .args(["serve", "--demo"])
            .args(&flags.argument);
        eprintln!("$ {}", process::line(&command));
        let child = command.spawn();
        Ok(Self(child.with_context(|| {
            format!("cannot start {}", process::line(&command))
        })?))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The demo's store survives that, as every store does.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many files there are and when the newest was changed.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    files: usize,
    newest: SystemTime,
}

impl Snapshot {
    fn of(root: &Path) -> Result<Self> {
        let mut snapshot = Self {
            files: 0,
            newest: SystemTime::UNIX_EPOCH,
        };
        let mut left: Vec<PathBuf> = WATCHED.iter().map(|name| root.join(name)).collect();
        while let Some(path) = left.pop() {
            // An editor may just be replacing it.
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            if metadata.is_dir() {
                for entry in fs::read_dir(&path)? {
                    left.push(entry?.path());
                }
            } else {
                snapshot.files += 1;
                snapshot.newest = snapshot.newest.max(metadata.modified()?);
            }
        }
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_and_a_changed_file_are_changes() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("crates/a/src");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("lib.rs"), "").unwrap();
        let first = Snapshot::of(folder.path()).unwrap();
        assert_eq!(first, Snapshot::of(folder.path()).unwrap());
        fs::write(source.join("more.rs"), "").unwrap();
        let second = Snapshot::of(folder.path()).unwrap();
        assert_ne!(first, second);
        let later = second.newest + Duration::from_secs(1);
        let file = fs::File::options()
            .write(true)
            .open(source.join("lib.rs"))
            .unwrap();
        file.set_modified(later).unwrap();
        assert_ne!(second, Snapshot::of(folder.path()).unwrap());
    }
}
