//! What the log needs of a store.

use async_trait::async_trait;

use crate::paging::{Page, PageRequest};
use crate::store::error::StoreError;

use super::audit::{AuditEntry, AuditFilter};

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
