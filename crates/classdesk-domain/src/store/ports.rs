//! What a store is: every repository in one, and the care for itself.

use async_trait::async_trait;

use crate::clock::Timestamp;

use super::error::StoreError;

/// Every repository port in one, for wiring: whatever implements all of them is a store.
pub trait Store:
    crate::people::ports::UserRepository
    + crate::people::ports::SessionRepository
    + crate::subjects::ports::SubjectRepository
    + crate::bundles::ports::BundleRepository
    + crate::threads::ports::ThreadRepository
    + crate::threads::ports::MessageRepository
    + crate::tickets::ports::TicketRepository
    + crate::files::ports::FileRepository
    + crate::blobs::ports::BlobRepository
    + crate::events::EventRepository
    + crate::idempotency::ports::IdempotencyRepository
    + Maintenance
{
}

impl<S> Store for S where
    S: crate::people::ports::UserRepository
        + crate::people::ports::SessionRepository
        + crate::subjects::ports::SubjectRepository
        + crate::bundles::ports::BundleRepository
        + crate::threads::ports::ThreadRepository
        + crate::threads::ports::MessageRepository
        + crate::tickets::ports::TicketRepository
        + crate::files::ports::FileRepository
        + crate::blobs::ports::BlobRepository
        + crate::events::EventRepository
        + crate::idempotency::ports::IdempotencyRepository
        + Maintenance
{
}

/// What has outlived its use by now, as [`Maintenance::purge`] understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionCutoffs {
    /// Sessions that end at or before this are over.
    pub sessions_expired_by: Timestamp,
    /// Sessions last used before this are over.
    pub sessions_idle_since: Timestamp,
    /// Failed logins before this no longer count.
    pub login_failures_before: Timestamp,
    /// Idempotency records that end at or before this are forgotten.
    pub idempotency_expired_by: Timestamp,
}

/// Looking after the store itself.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Answers when the store can read.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Removes at most `limit` rows of each kind that have outlived their use, and says how many
    /// went. It MUST NOT remove anything else, and several processes MAY call it at once.
    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError>;
}
