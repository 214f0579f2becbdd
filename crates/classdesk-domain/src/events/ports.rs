//! What the log needs of a store.

use async_trait::async_trait;

use crate::paging::{Page, PageRequest};
use crate::policy::access_scope::AccessScope;
use crate::store::error::StoreError;

use super::audit::{AuditEntry, AuditFilter};
use super::feed::{EventFilter, EventPage, EventRange, Horizon, TailEvent};

/// Reading the log. Writing happens only as part of a [`Commit`](crate::store::Commit).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventRepository: Send + Sync {
    /// Entries that match, newest first (descending `at`, then id). The events of one commit, which
    /// have the same time, MUST stand together in the order in which the commit listed them.
    async fn audit(
        &self,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError>;
}

/// Following the log. Ids ascend in each commit, but commits may end in another order.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Up to where the log can be followed. It MUST reach every committed event as soon as the
    /// transactions have ended that were under way when that event was written.
    async fn horizon(&self) -> Result<Horizon, StoreError>;

    /// The events of a range within the scope that the filter names, by ascending id, at most
    /// `limit`, judged by one state of the store.
    ///
    /// It MAY end before the range does, also without an event, but MUST tell where; then it MUST
    /// have looked at some of the range.
    async fn visible_events(
        &self,
        scope: AccessScope,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, StoreError>;

    /// The events of the feed in a range, by ascending id, at most `limit`, with the present parties
    /// of their subjects.
    async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, StoreError>;
}
