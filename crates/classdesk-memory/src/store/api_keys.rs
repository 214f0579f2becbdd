//! Keys.

use async_trait::async_trait;
use classdesk_domain::api_keys::{
    ApiKey, ApiKeyRepository, EndApiKey, InsertApiKey, KeysEnd, MAX_KEYS,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{ApiKeyId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::TokenHash;
use classdesk_domain::store::{Commit, StoreError, Unique};

use super::MemoryStore;
use super::commit::Outcome;
use super::rows::ApiKeyRow;
use super::state::{State, page_down};

impl State {
    fn api_key(&self, row: &ApiKeyRow) -> ApiKey {
        ApiKey {
            id: row.id,
            owner: self.person(row.owner),
            name: row.key.name.clone(),
            access: row.key.access,
            act_as: row.key.act_as,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.key.expires_at,
        }
    }

    /// Ends keys of a person.
    pub(super) fn end_keys(&mut self, owner: UserId, which: KeysEnd) {
        for row in self.api_keys.rows_mut() {
            if row.owner == owner && (which == KeysEnd::All || row.key.act_as) {
                row.token = None;
            }
        }
    }
}

#[async_trait]
impl ApiKeyRepository for MemoryStore {
    async fn api_key_with_token(&self, token: &TokenHash) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.read(|state| {
            let mut rows = state.api_keys.rows();
            let row = rows.find(|row| row.token.as_ref() == Some(token))?;
            let owner = state.users.get(row.owner)?;
            owner.user.is_active.then(|| state.api_key(row))
        }))
    }

    async fn touch_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            if let Ok(row) = state.api_keys.change(id) {
                row.last_used_at = row.last_used_at.max(Some(at));
            }
            Ok(())
        })
    }

    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.read(|state| {
            let row = state.api_keys.get(id).filter(|row| row.token.is_some());
            row.map(|row| state.api_key(row))
        }))
    }

    async fn api_keys(&self, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>, StoreError> {
        Ok(self.read(|state| {
            let rows = ids.iter().filter_map(|id| state.api_keys.get(*id));
            rows.map(|row| state.api_key(row)).collect()
        }))
    }

    async fn list_api_keys(
        &self,
        owner: UserId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.api_keys.rows().rev();
            let own = rows
                .filter(|row| row.owner == owner && row.token.is_some())
                .map(|row| state.api_key(row));
            page_down(own, page, |key| Cursor::of_id(key.id.get()))
        }))
    }

    async fn create_api_key(
        &self,
        commit: Commit<InsertApiKey>,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.commit(commit, |state, new| {
            state.users.there(new.owner)?;
            let rows = || state.api_keys.rows();
            let own = rows().filter(|row| row.owner == new.owner && row.token.is_some());
            if own.count() >= MAX_KEYS {
                return Ok((None, Outcome::Unchanged));
            }
            if rows().any(|row| row.token == Some(new.token)) {
                return Err(StoreError::Duplicate(Unique::Other));
            }
            let id = state.api_keys.insert(|id| ApiKeyRow {
                id,
                owner: new.owner,
                key: new.key,
                token: Some(new.token),
                created_at: new.created_at,
                last_used_at: None,
            });
            let key = state.api_key(state.api_keys.there(id)?);
            Ok((Some(key), Outcome::changed(id.get())))
        })
    }

    async fn end_api_key(&self, commit: Commit<EndApiKey>) -> Result<bool, StoreError> {
        self.commit(commit, |state, EndApiKey(id)| {
            let row = state.api_keys.change(id).ok();
            Ok(match row.and_then(|row| row.token.take()) {
                Some(_) => (true, Outcome::changed(id.get())),
                None => (false, Outcome::Unchanged),
            })
        })
    }
}
