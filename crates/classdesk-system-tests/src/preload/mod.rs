//! Small C libraries that are loaded into the program under attack, to change what the system
//! tells it or to write down what it asks of the system. The program itself is not changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

/// The clock that runs ahead.
const CLOCK: &str = include_str!("clock.c");

/// The one that takes notes of what is written and what is fsynced.
const JOURNAL: &str = include_str!("journal.c");

/// A compiled library, removed with this.
#[derive(Debug)]
pub(crate) struct Preload {
    _folder: TempDir,
    path: PathBuf,
}

impl Preload {
    /// The library that lets a process live in the future.
    pub(crate) async fn clock() -> Result<Self> {
        Self::compile(CLOCK).await
    }

    /// The library that writes down what a process does to its files.
    pub(crate) async fn journal() -> Result<Self> {
        Self::compile(JOURNAL).await
    }

    async fn compile(source: &str) -> Result<Self> {
        ensure!(
            cfg!(target_os = "linux"),
            "loading a library into the program works on Linux alone"
        );
        let folder = tempfile::Builder::new()
            .prefix("classdesk-preload-")
            .tempdir()?;
        let path = folder.path().join("preload.so");
        let file = folder.path().join("preload.c");
        std::fs::write(&file, source)?;
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&path, &file])
            .args(["-ldl", "-lpthread"])
            .output()
            .await
            .context("a C compiler (cc) is needed")?;
        ensure!(
            compiled.status.success(),
            "cc: {}",
            String::from_utf8_lossy(&compiled.stderr)
        );
        let _folder = folder;
        Ok(Self { _folder, path })
    }

    /// The variables that put a process so far into the future.
    pub(crate) fn ahead(&self, time: Duration) -> Result<[(&'static str, String); 2]> {
        let seconds = time.as_secs().to_string();
        Ok([self.load()?, ("CLASSDESK_TEST_AHEAD", seconds)])
    }

    /// The variables by which what a process does below a folder is written to a file.
    pub(crate) fn writing_down(
        &self,
        folder: &Path,
        file: &Path,
    ) -> Result<[(&'static str, String); 3]> {
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path in UTF-8");
        Ok([
            self.load()?,
            ("CLASSDESK_TEST_ROOT", text(folder)?),
            ("CLASSDESK_TEST_JOURNAL", text(file)?),
        ])
    }

    /// The variable that loads it into a process.
    fn load(&self) -> Result<(&'static str, String)> {
        let path = self
            .path
            .to_str()
            .context("a temporary folder is named in UTF-8")?;
        Ok(("LD_PRELOAD", path.to_owned()))
    }
}
