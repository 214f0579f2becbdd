//! What links are signed with.

use async_trait::async_trait;
use classdesk_domain::links::{LinkKey, LinkKeyRepository};
use classdesk_domain::store::StoreError;

use super::MemoryStore;

#[async_trait]
impl LinkKeyRepository for MemoryStore {
    async fn link_key(&self, day: i64) -> Result<Option<LinkKey>, StoreError> {
        Ok(self.read(|state| state.link_keys.get(&day).cloned()))
    }

    async fn keep_link_key(&self, key: LinkKey) -> Result<LinkKey, StoreError> {
        self.write(|state| {
            state.link_keys.retain(|day, _| *day >= key.day - 1);
            Ok(state.link_keys.entry(key.day).or_insert(key).clone())
        })
    }
}
