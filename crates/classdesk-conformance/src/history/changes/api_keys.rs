//! Keys.

use std::time::Duration;

use classdesk_domain::api_keys::{EndApiKey, InsertApiKey, NewApiKey};
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::ids::ApiKeyId;
use classdesk_domain::people::{Access, TokenHash};
use classdesk_domain::text::KeyName;

use crate::history::replica::Replica;

impl Replica<'_> {
    pub(super) async fn create_api_key(&mut self) -> String {
        let (owner, now) = (self.person().id, self.tick());
        let access = self.any(Access::ALL);
        let act_as = self.once_in(2);
        let lifetime = Duration::from_secs(self.dice.u64(1..400));
        let new = InsertApiKey {
            owner,
            key: NewApiKey {
                name: KeyName::from_stored(format!("key {}", self.dice.u32(0..9))),
                access,
                act_as,
                expires_at: self.once_in(3).then(|| now.plus(lifetime)),
            },
            token: self.fresh_token(),
            created_at: now,
        };
        let created = DomainEvent::ApiKeyCreated {
            key: RowId::Created,
            user: owner,
            access,
            act_as,
        };
        let commit = self.commit(new, created).await;
        let created = self.store.create_api_key(commit).await;
        if let Ok(Some(key)) = &created {
            self.numbers.note(key.id);
        }
        self.report("create_api_key", created)
    }

    pub(super) async fn end_api_key(&mut self) -> String {
        let id = self.row::<ApiKeyId>();
        if self.once_in(2) {
            let touched = self.store.touch_api_key(id, self.tick()).await;
            return self.report("touch_api_key", touched);
        }
        let user = self.person().id;
        let ended = DomainEvent::ApiKeyEnded { key: id, user };
        let commit = self.commit(EndApiKey(id), ended).await;
        let ended = self.store.end_api_key(commit).await;
        self.report("end_api_key", ended)
    }

    /// The hash of a token that nothing had before.
    pub(super) fn fresh_token(&mut self) -> TokenHash {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&self.fresh().to_le_bytes());
        TokenHash::from_bytes(token)
    }
}
