//! Noticing changes: every one of them gives every scope another mark.

use async_trait::async_trait;
use classdesk_domain::changes::{ChangeMark, ChangeMarks, ChangeScope};

use super::MemoryStore;

#[async_trait]
impl ChangeMarks for MemoryStore {
    async fn mark(&self, _: &ChangeScope) -> Option<ChangeMark> {
        Some(ChangeMark::new(self.uncounted().changes.into()))
    }
}
