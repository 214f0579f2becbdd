//! `cargo xtask migrations`: new ones in both dialects, and whether they agree.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::flags::{Migrations, MigrationsCmd, New, Test};
use crate::test;
use crate::tidy::DATABASES;
use crate::workspace::root;

pub(crate) fn run(flags: &Migrations) -> Result<()> {
    match &flags.subcommand {
        MigrationsCmd::New(New { name }) => {
            for file in create(root(), name)? {
                eprintln!("{file}");
            }
            Ok(())
        }
        // The tests run every migration up, down and up again, and hold the two databases and
        // `schema.rs` against each other.
        MigrationsCmd::Check(_) => test::run(&Test {
            filter: vec!["migrations".to_owned()],
            sqlite: false,
            postgres: false,
        }),
    }
}

/// Makes the files of a new migration, which comes after all that are there.
fn create(root: &Path, name: &str) -> Result<Vec<String>> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_word) {
        bail!("a migration is named with a-z, 0-9 and _, for example add_ticket_labels");
    }
    let mut last = 0;
    for database in DATABASES {
        let folder = root.join("migrations").join(database);
        for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
            let found = entry?.file_name();
            let number = found.to_str().and_then(|name| name.split('_').next());
            last = last.max(number.and_then(|number| number.parse().ok()).unwrap_or(0));
        }
    }
    let mut files = Vec::new();
    for database in DATABASES {
        let folder = format!("migrations/{database}/{:04}_{name}", last + 1);
        fs::create_dir(root.join(&folder))?;
        for half in ["up.sql", "down.sql"] {
            let file = format!("{folder}/{half}");
            fs::write(root.join(&file), "")?;
            files.push(file);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_migration_comes_last_in_both_databases() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for old in [
            "sqlite/0001_users",
            "postgres/0001_users",
            "postgres/0002_hotfix",
        ] {
            fs::create_dir_all(root.path().join("migrations").join(old)).expect("a folder");
        }
        let files = create(root.path(), "labels").expect("a new migration");
        let expected = [
            "migrations/sqlite/0003_labels/up.sql",
            "migrations/sqlite/0003_labels/down.sql",
            "migrations/postgres/0003_labels/up.sql",
            "migrations/postgres/0003_labels/down.sql",
        ];
        assert_eq!(files, expected);
        assert!(files.iter().all(|file| root.path().join(file).is_file()));
    }

    #[test]
    fn a_name_is_one_word() {
        for name in ["", "Labels", "a b", "../a"] {
            create(Path::new("/nonexistent"), name).expect_err(name);
        }
    }
}
