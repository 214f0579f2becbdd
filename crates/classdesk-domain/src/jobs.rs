//! What every queue of background work has in common.
//!
//! A queue is a table whose rows have a time at which they are due and a count of attempts. A row
//! that is taken is due again when the lease of its taker ends, so that the work is done at least
//! once. Rows are written in the transaction that causes them, and any process may take them.

use std::time::Duration;

use crate::clock::Timestamp;

/// How long a taker has for the rows of one round.
pub const LEASE: Duration = Duration::from_secs(10 * 60);

/// The first pause after an attempt that failed, and the longest one.
const RETRY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(6 * 60 * 60));

/// Which rows of a queue are taken, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeDue {
    /// Rows that are due and not held by now.
    pub now: Timestamp,
    /// Until when they are held. It also names the lease: of two leases of a row, the later one
    /// ends later.
    pub leased_until: Timestamp,
    /// At most so many.
    pub limit: u32,
}

impl TakeDue {
    /// At most `limit` rows for the usual time.
    #[must_use]
    pub fn at(now: Timestamp, limit: u32) -> Self {
        Self {
            now,
            leased_until: now.plus(LEASE),
            limit,
        }
    }
}

/// What waits in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many rows are due and not held.
    pub due: u64,
    /// Since when the oldest of them is due.
    pub oldest: Option<Timestamp>,
}

/// How long a row rests after its attempt with this number, counted from 1, has failed.
#[must_use]
pub fn retry_after(attempt: u32) -> Duration {
    let (first, longest) = RETRY;
    let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
    first.saturating_mul(doubled).min(longest)
}
