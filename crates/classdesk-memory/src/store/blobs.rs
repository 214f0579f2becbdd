//! Rows about bytes.

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobRepository, BlobState, LeasedBlob, NewBlob, StorageKey, StoredBlobRow,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
use classdesk_domain::jobs::{Backlog, TakeDue};
use classdesk_domain::store::{StoreError, Unique};

use super::MemoryStore;
use super::rows::BlobRow;

#[async_trait]
impl BlobRepository for MemoryStore {
    async fn create_blob(&self, blob: NewBlob) -> Result<BlobId, StoreError> {
        self.write(|state| {
            state.users.there(blob.created_by)?;
            if state.blobs.rows().any(|row| row.key == blob.key) {
                return Err(StoreError::Duplicate(Unique::Other));
            }
            Ok(state.blobs.insert(|id| BlobRow {
                id,
                key: blob.key,
                state: BlobState::Pending,
                info: None,
                created_at: blob.created_at,
                due_at: Some(blob.due_at),
                attempts: 0,
            }))
        })
    }

    async fn mark_blob_deleted(&self, id: BlobId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            if let Ok(row) = state.blobs.change(id)
                && row.state == BlobState::Pending
            {
                row.state = BlobState::Deleted;
                row.due_at = Some(now);
            }
            Ok(())
        })
    }

    async fn take_due_blobs(&self, take: TakeDue) -> Result<Vec<LeasedBlob>, StoreError> {
        self.write(|state| {
            let mut due: Vec<_> = state
                .blobs
                .rows_mut()
                .filter(|row| row.is_due(take.now))
                .collect();
            due.sort_by_key(|row| (row.due_at, row.id));
            let taken = due.into_iter().take(take.limit as usize).map(|row| {
                row.state = BlobState::Deleted;
                row.attempts += 1;
                row.due_at = Some(take.leased_until);
                LeasedBlob {
                    id: row.id,
                    key: row.key.clone(),
                    attempt: row.attempts,
                }
            });
            Ok(taken.collect())
        })
    }

    async fn return_blobs(
        &self,
        ids: &[BlobId],
        leased_until: Timestamp,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|state| {
            for row in state.blobs.rows_mut() {
                if ids.contains(&row.id) && row.due_at == Some(leased_until) {
                    row.due_at = Some(due_at);
                }
            }
            Ok(())
        })
    }

    async fn blob_backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.read(|state| {
            let due = || state.blobs.rows().filter(|row| row.is_due(now));
            Backlog {
                due: due().count() as u64,
                oldest: due().filter_map(|row| row.due_at).min(),
            }
        }))
    }

    async fn delete_blob_rows(&self, ids: &[BlobId]) -> Result<u64, StoreError> {
        self.write(|state| {
            Ok(state.blobs.remove_where(usize::MAX, |row| {
                row.state == BlobState::Deleted && ids.contains(&row.id)
            }))
        })
    }

    async fn list_blobs(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<StoredBlobRow>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.blobs.rows();
            rows.filter(|row| after.is_none_or(|after| row.id > after))
                .take(limit as usize)
                .map(|row| StoredBlobRow {
                    id: row.id,
                    key: row.key.clone(),
                    state: row.state,
                    info: row.info.clone(),
                    created_at: row.created_at,
                })
                .collect()
        }))
    }

    async fn known_keys(&self, keys: &[StorageKey]) -> Result<Vec<StorageKey>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.blobs.rows();
            rows.filter(|row| keys.contains(&row.key))
                .map(|row| row.key.clone())
                .collect()
        }))
    }
}
