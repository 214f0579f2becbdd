//! Both databases have the same migrations, and each one can be undone.

use std::collections::BTreeSet;
use std::path::Path;

use super::tree::Tree;

/// The folders of migrations, one for each database.
pub(crate) const DATABASES: [&str; 2] = ["sqlite", "postgres"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let names: BTreeSet<&str> = DATABASES
        .iter()
        .flat_map(|database| names(tree, database))
        .collect();
    let files = names.iter().flat_map(|name| {
        DATABASES.iter().flat_map(move |database| {
            ["up.sql", "down.sql"].map(|half| format!("migrations/{database}/{name}/{half}"))
        })
    });
    files
        .filter(|file| {
            tree.text(Path::new(file))
                .is_none_or(|text| text.trim().is_empty())
        })
        .map(|file| format!("{file}: missing or empty"))
        .collect()
}

fn names<'a>(tree: &'a Tree, database: &str) -> BTreeSet<&'a str> {
    let folder = Path::new("migrations").join(database);
    tree.files()
        .filter_map(|file| file.strip_prefix(&folder).ok()?.iter().next()?.to_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [&str; 4] = [
        "migrations/sqlite/0001_users/up.sql",
        "migrations/sqlite/0001_users/down.sql",
        "migrations/postgres/0001_users/up.sql",
        "migrations/postgres/0001_users/down.sql",
    ];

    #[test]
    fn twins_pass() {
        let tree = Tree::fixture(&COMPLETE.map(|file| (file, "SELECT 1;")));
        assert_eq!(check(&tree), [""; 0]);
    }

    #[test]
    fn every_missing_half_is_a_fault() {
        for missing in COMPLETE {
            let files: Vec<_> = COMPLETE
                .into_iter()
                .filter(|file| *file != missing)
                .map(|file| (file, "SELECT 1;"))
                .collect();
            let faults = check(&Tree::fixture(&files));
            assert_eq!(faults, [format!("{missing}: missing or empty")]);
        }
    }

    #[test]
    fn a_migration_of_one_database_alone_is_a_fault() {
        let tree = Tree::fixture(&[COMPLETE[0], COMPLETE[1]].map(|file| (file, "SELECT 1;")));
        assert_eq!(check(&tree).len(), 2);
    }
}
