//! What a running store tells about itself, for metrics.

/// A snapshot of a store's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStats {
    /// The threads that read; on PostgreSQL they write too.
    pub pool: PoolStats,
    /// SQLite's writer; `None` on PostgreSQL.
    pub writer: Option<WriterStats>,
}

/// A snapshot of a set of threads with a connection each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStats {
    /// How many threads there are.
    pub threads: usize,
    /// How many of them are at work.
    pub busy: usize,
    /// How many jobs wait.
    pub queued: usize,
    /// How many may wait.
    pub queue_length: usize,
}

/// A snapshot of the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterStats {
    /// How many commits wait.
    pub queued: usize,
    /// How many may wait.
    pub queue_length: usize,
    /// How many commits were made durable since the start.
    pub commits: u64,
    /// In how many transactions they were.
    pub groups: u64,
}
