//! Rows about bytes.

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobRepository, BlobState, NewBlob, StorageKey, StoredBlobRow, SweepableBlob,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
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
            }))
        })
    }

    async fn mark_blob_deleted(&self, id: BlobId) -> Result<(), StoreError> {
        self.write(|state| {
            if let Ok(row) = state.blobs.change(id)
                && row.state == BlobState::Pending
            {
                row.state = BlobState::Deleted;
            }
            Ok(())
        })
    }

    async fn sweepable_blobs(
        &self,
        pending_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<SweepableBlob>, StoreError> {
        self.write(|state| {
            let outlived = state
                .blobs
                .rows_mut()
                .filter(|row| row.state == BlobState::Pending && row.created_at < pending_before);
            for row in outlived.take(limit as usize) {
                row.state = BlobState::Deleted;
            }
            let deleted = state
                .blobs
                .rows()
                .filter(|row| row.state == BlobState::Deleted);
            let sweepable = deleted.take(limit as usize).map(|row| SweepableBlob {
                id: row.id,
                key: row.key.clone(),
            });
            Ok(sweepable.collect())
        })
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
