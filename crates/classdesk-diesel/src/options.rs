//! What can be set about a store.

use std::time::Duration;

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
    /// everything on PostgreSQL. At least one. [`DatabaseUrl::default_connections`] says how many
    /// a database makes use of.
    ///
    /// [`DatabaseUrl::default_connections`]: crate::DatabaseUrl::default_connections
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
    /// How long a statement waits for a lock of another transaction.
    pub lock_timeout: Duration,
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
