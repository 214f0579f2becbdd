//! What keys need of a store.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::sessions::TokenHash;
use crate::store::commit::Commit;
use crate::store::error::StoreError;

use super::model::{ApiKey, NewApiKey};

/// A key to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertApiKey {
    /// Whose it is.
    pub owner: UserId,
    /// What was chosen of it.
    pub key: NewApiKey,
    /// What is kept of its token.
    pub token: TokenHash,
    /// When it is made.
    pub created_at: Timestamp,
}

/// A key to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndApiKey(pub ApiKeyId);

/// Which keys of a person end with a change of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysEnd {
    /// Those that may act for others.
    Acting,
    /// All.
    All,
}

/// Keeping keys. One that ended stays ended, and its row stays, since the log names it. What ends it
/// MUST remove the hash of its token.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// The key with this token, unless it was ended or its owner is not active. Whether it has ended
    /// by itself is the domain's to say.
    async fn api_key_with_token(&self, token: &TokenHash) -> Result<Option<ApiKey>, StoreError>;

    /// Notes a use. It MUST never move `last_used_at` back, and a missing key is no error.
    async fn touch_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError>;

    /// The key with this id, unless it was ended.
    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// The keys with these ids, ended or not, in any order; ids without a key are left out.
    async fn api_keys(&self, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>, StoreError>;

    /// A person's keys that were not ended, newest first (descending id).
    async fn list_api_keys(
        &self,
        owner: UserId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, StoreError>;

    /// Makes a key. It MUST answer `None`, with nothing changed, when the owner has
    /// [`MAX_KEYS`](super::MAX_KEYS) that were not ended, also to simultaneous calls.
    async fn create_api_key(
        &self,
        commit: Commit<InsertApiKey>,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// Ends a key; `false` when there is none or it was ended.
    async fn end_api_key(&self, commit: Commit<EndApiKey>) -> Result<bool, StoreError>;
}
