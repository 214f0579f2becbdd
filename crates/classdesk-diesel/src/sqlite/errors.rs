//! What SQLite's errors mean. The only place that reads their texts.

use classdesk_domain::store::{Outage, StoreError};
use diesel::result::{DatabaseErrorKind, Error};

use crate::error::{Failure, outage};

/// Whether another connection holds the file, by the same heuristic as [`classify`].
pub(super) fn is_locked(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::Unknown, information)
            if information.message() == "database is locked"
    )
}

/// Says what a failure means.
///
/// Diesel passes on which constraint failed. Of everything else it passes on only the text that
/// belongs to SQLite's result code, so those texts are matched here: a heuristic. They are part of
/// the SQLite that is compiled in and are never translated.
pub(super) fn classify(failure: Failure) -> StoreError {
    failure.classify(|error| {
        let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = &error else {
            return StoreError::Backend(error.into());
        };
        let code = match information.message() {
            "database is locked" | "database table is locked" => Outage::Busy,
            "database or disk is full" => Outage::StorageFull,
            "disk I/O error" | "unable to open database file" => Outage::Disconnected,
            "database disk image is malformed" | "file is not a database" => {
                return StoreError::Corrupt {
                    what: "page",
                    source: Some(error.into()),
                };
            }
            _ => return StoreError::Backend(error.into()),
        };
        outage(code, error)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    use tempfile::TempDir;

    use super::*;

    fn connect(path: &Path) -> SqliteConnection {
        SqliteConnection::establish(&path.to_string_lossy()).unwrap()
    }

    fn outage_of(error: Error) -> Option<Outage> {
        match classify(Failure::Database(error)) {
            StoreError::Unavailable { outage, .. } => Some(outage),
            _ => None,
        }
    }

    #[test]
    fn a_full_disk_is_an_outage_of_its_own() {
        let folder = TempDir::new().unwrap();
        let mut conn = connect(&folder.path().join("classdesk.db"));
        conn.batch_execute("CREATE TABLE words (word TEXT); PRAGMA max_page_count = 16;")
            .unwrap();
        let error = (0..1000)
            .find_map(|_| {
                conn.batch_execute("INSERT INTO words VALUES (hex(zeroblob(4096)))")
                    .err()
            })
            .expect("16 pages are soon full");
        assert_eq!(outage_of(error), Some(Outage::StorageFull));
    }

    #[test]
    fn a_file_that_another_connection_holds_is_busy() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("classdesk.db");
        let (mut one, mut other) = (connect(&path), connect(&path));
        one.batch_execute("BEGIN EXCLUSIVE").unwrap();
        let error = other.batch_execute("BEGIN EXCLUSIVE").unwrap_err();
        assert!(is_locked(&error), "{error}");
        assert_eq!(outage_of(error), Some(Outage::Busy));
    }

    #[test]
    fn a_file_that_is_no_database_is_corrupt() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("classdesk.db");
        std::fs::write(&path, [7; 4096]).unwrap();
        let error = connect(&path)
            .batch_execute("CREATE TABLE words (word TEXT)")
            .unwrap_err();
        let classified = classify(Failure::Database(error));
        assert!(
            matches!(classified, StoreError::Corrupt { what: "page", .. }),
            "{classified:?}"
        );
    }
}
