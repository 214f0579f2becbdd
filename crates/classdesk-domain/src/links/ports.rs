//! What links need of a store.

use async_trait::async_trait;

use super::signature::LinkKey;
use crate::store::error::StoreError;

/// Keeping the keys that links are signed with, one for each day.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LinkKeyRepository: Send + Sync {
    /// The key of a day.
    async fn link_key(&self, day: i64) -> Result<Option<LinkKey>, StoreError>;

    /// Keeps a key, unless its day has one, and answers with the one that the day has then. Of
    /// several at once for a day one MUST win. Keys of days before the day before MUST be gone
    /// afterwards.
    async fn keep_link_key(&self, key: LinkKey) -> Result<LinkKey, StoreError>;
}
