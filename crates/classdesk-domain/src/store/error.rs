//! How a store fails.

use crate::events::record::TooManyEvents;

/// The cause of a failure, kept for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something unique that already stands in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unique {
    /// A person's username.
    Username,
    /// A person's email address.
    Email,
    /// The id by which another system knows a person.
    ExternalId,
    /// Another unique value; one that services never provoke.
    Other,
}

/// Why a store can't answer just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outage {
    /// Its queue is full or a lock was not to be had in time.
    Busy,
    /// The connection is lost or can't be made.
    Disconnected,
    /// It took longer than the limit.
    TimedOut,
    /// The disk is full.
    StorageFull,
    /// It is stopping.
    Stopping,
}

/// How a store fails. Adapters classify by kind. Where a driver hides the code of an error, they read
/// its text in one place that says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A precondition of the commit no longer holds; nothing was changed. Load and decide again.
    #[error("what the decision rested on has changed")]
    Stale,
    /// A unique value is taken; nothing was changed.
    #[error("a unique value is taken: {0:?}")]
    Duplicate(Unique),
    /// Something else links to what should be removed; nothing was changed.
    #[error("something links to it")]
    Referenced,
    /// The store can't answer just now; nothing was acknowledged.
    #[error("the store is unavailable ({outage:?})")]
    Unavailable {
        /// Why.
        outage: Outage,
        /// The adapter's own error, if there is one.
        #[source]
        source: Option<Cause>,
    },
    /// A stored row is not what the program wrote.
    #[error("a stored {what} is damaged")]
    Corrupt {
        /// What kind of row.
        what: &'static str,
        /// The adapter's own error, if there is one.
        #[source]
        source: Option<Cause>,
    },
    /// Any other failure.
    #[error("the store failed")]
    Backend(#[source] Cause),
}

impl StoreError {
    /// An outage without a cause of its own.
    #[must_use]
    pub fn unavailable(outage: Outage) -> Self {
        Self::Unavailable {
            outage,
            source: None,
        }
    }
}

impl From<TooManyEvents> for StoreError {
    fn from(error: TooManyEvents) -> Self {
        Self::Backend(error.into())
    }
}
