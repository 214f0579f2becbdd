//! What can be set about a store.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::url::{DatabaseUrl, Kind};

/// How many threads and connections a store has, and how long anything may take.
///
/// ```
/// use classdesk_diesel::StoreOptions;
///
/// let options = StoreOptions {
///     connections: 16,
///     ..StoreOptions::default()
/// };
/// assert_eq!(options.queue_length, 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// Threads with a connection each: readers on SQLite, which has one writer beside them, and
    /// everything on PostgreSQL. At least one.
    pub connections: usize,
    /// How many jobs may wait for a thread; one more is answered as busy at once.
    pub queue_length: usize,
    /// How long a job may wait for a thread.
    pub queue_timeout: Duration,
    /// How many waiting commits SQLite's writer puts into one transaction at most.
    pub group_size: usize,
    /// How long connecting to a server may take.
    pub connect_timeout: Duration,
    /// How long a statement may take on PostgreSQL.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock of somebody else.
    pub lock_timeout: Duration,
}

impl StoreOptions {
    /// What suits a database: the default, with as many connections as it makes use of.
    ///
    /// Reading SQLite keeps a processor busy, unless it waits for the disk: more readers than
    /// processors wait for each other, and one besides uses what another leaves.
    #[must_use]
    pub fn suited_to(url: &DatabaseUrl) -> Self {
        let usual = Self::default();
        Self {
            connections: match url.kind() {
                Kind::Sqlite(_) => available_parallelism().map_or(1, usize::from) + 1,
                Kind::Postgres(_) => usual.connections,
            },
            ..usual
        }
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            queue_length: 1024,
            queue_timeout: Duration::from_secs(10),
            group_size: 64,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            lock_timeout: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_the_connections_that_it_makes_use_of() {
        let connections = |url: &str| StoreOptions::suited_to(&url.parse().unwrap()).connections;
        let processors = available_parallelism().unwrap().get();
        assert_eq!(connections("sqlite://desk.db"), processors + 1);
        assert_eq!(connections("postgres://desk@db.example/desk"), 8);
    }
}
