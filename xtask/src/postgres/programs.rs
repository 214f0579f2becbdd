//! Finding PostgreSQL's server programs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Folders in which installations put their server programs, each with one folder per version.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
];

const HINT: &str = "PostgreSQL's server programs (initdb, postgres, pg_ctl) are not installed. Get \
    them with `apt-get install postgresql`, `dnf install postgresql-server` or `brew install \
    postgresql`, or run the tests that need none with `cargo xtask test --sqlite`";

/// The folder of the server programs.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Finds them on the PATH, where `pg_config` says, or where distributions put them.
    pub(crate) fn find() -> Result<Self> {
        let on_path = process::find("initdb").and_then(|initdb| {
            // Where it is a link, its neighbours are at the other end.
            Some(fs::canonicalize(initdb).ok()?.parent()?.to_owned())
        });
        let configured = process::output(Command::new("pg_config").arg("--bindir")).ok();
        on_path
            .into_iter()
            .chain(configured.map(PathBuf::from))
            .chain(
                VERSIONED
                    .iter()
                    .flat_map(|(parent, below)| newest_first(Path::new(parent), below)),
            )
            .find(|folder| is_complete(folder))
            .map(|folder| Self { folder })
            .context(HINT)
    }

    /// Which PostgreSQL it is and where.
    pub(crate) fn version(&self) -> String {
        let version = process::output(Command::new(self.path("postgres")).arg("--version"));
        let folder = self.folder.display();
        version.map_or_else(
            |error| error.to_string(),
            |version| format!("{version}, {folder}"),
        )
    }

    /// The search path with their folder before everything else.
    pub(crate) fn before_path(&self) -> Result<OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.folder.clone()).chain(env::split_paths(&path));
        Ok(env::join_paths(folders)?)
    }

    /// The path of one of them.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"]
        .iter()
        .all(|program| process::is_program(&folder.join(program)))
}

/// The folders `parent/*/below`, those with the greater version number first.
fn newest_first(parent: &Path, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("postgresql@").unwrap_or(&name);
            let major = version.split('.').next()?.parse().ok()?;
            Some((major, entry.path().join(below)))
        })
        .collect();
    versions.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["9.6", "postgresql@17", "15", "contrib", "16"] {
            fs::create_dir(folder.path().join(name)).expect("a new folder");
        }
        let found: Vec<_> = newest_first(folder.path(), "bin")
            .into_iter()
            .map(|path| path.strip_prefix(folder.path()).expect("below").to_owned())
            .collect();
        let expected = ["postgresql@17/bin", "16/bin", "15/bin", "9.6/bin"];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn a_folder_counts_only_with_all_programs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("initdb"), "").expect("a new file");
        assert!(!is_complete(folder.path()));
    }
}
