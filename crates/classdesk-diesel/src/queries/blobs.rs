//! Rows about bytes.

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobRepository, BlobState, FinishedUpload, LeasedBlob, NewBlob, StorageKey, StoredBlobRow,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
use classdesk_domain::jobs::{Backlog, TakeDue};
use classdesk_domain::store::StoreError;
use diesel::prelude::*;

use super::dialect::{id_set, skip_locked};
use super::leases::{backlog, due_rows, return_rows, take_due};
use super::rows::blobs::{BlobRow, info, key};
use super::rows::schema::blobs;
use super::rows::values::{At, word};
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::exactly_one;

#[async_trait]
impl BlobRepository for Database {
    async fn create_blob(&self, blob: NewBlob) -> Result<BlobId, StoreError> {
        self.write(move |conn| create_blob(conn, &blob)).await
    }

    async fn mark_blob_deleted(&self, id: BlobId, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| mark_blob_deleted(conn, id, now))
            .await
    }

    async fn take_due_blobs(&self, take: TakeDue) -> Result<Vec<LeasedBlob>, StoreError> {
        self.write(move |conn| take_due_blobs(conn, take)).await
    }

    async fn return_blobs(
        &self,
        ids: &[BlobId],
        leased_until: Timestamp,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.write(move |conn| return_blobs(conn, &ids, leased_until, due_at))
            .await
    }

    async fn blob_backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        self.read(move |conn| blob_backlog(conn, now)).await
    }

    async fn delete_blob_rows(&self, ids: &[BlobId]) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        self.write(move |conn| delete_blob_rows(conn, &ids)).await
    }

    async fn list_blobs(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<StoredBlobRow>, StoreError> {
        self.read(move |conn| list_blobs(conn, after, limit)).await
    }

    async fn known_keys(&self, keys: &[StorageKey]) -> Result<Vec<StorageKey>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |conn| known_keys(conn, &keys)).await
    }
}

fn create_blob(conn: &mut Conn, new: &NewBlob) -> Result<BlobId, Failure> {
    let id = diesel::insert_into(blobs::table)
        .values((
            blobs::key.eq(new.key.as_str()),
            blobs::purpose.eq(new.purpose.as_str()),
            blobs::state.eq(BlobState::Pending.as_str()),
            blobs::created_by.eq(new.created_by.get()),
            blobs::created_at.eq(At::from(new.created_at)),
            blobs::due_at.eq(At::from(new.due_at)),
        ))
        .returning(blobs::id)
        .get_result(conn)?;
    Ok(BlobId::new(id))
}

fn mark_blob_deleted(conn: &mut Conn, id: BlobId, now: Timestamp) -> Result<(), Failure> {
    diesel::update(
        blobs::table
            .find(id.get())
            .filter(blobs::state.eq(BlobState::Pending.as_str())),
    )
    .set((
        blobs::state.eq(BlobState::Deleted.as_str()),
        blobs::due_at.eq(At::from(now)),
    ))
    .execute(conn)?;
    Ok(())
}

fn take_due_blobs(conn: &mut Conn, take: TakeDue) -> Result<Vec<LeasedBlob>, Failure> {
    let ids = take_due!(conn, blobs, take);
    diesel::update(blobs::table.filter(blobs::id.eq_any(id_set(&ids))))
        .set(blobs::state.eq(BlobState::Deleted.as_str()))
        .execute(conn)?;
    let mut rows: Vec<(i64, String, i32)> = blobs::table
        .filter(blobs::id.eq_any(id_set(&ids)))
        .select((blobs::id, blobs::key, blobs::attempts))
        .load(conn)?;
    rows.sort_by_key(|(id, ..)| ids.iter().position(|taken| taken == id));
    rows.into_iter()
        .map(|(id, stored, attempts)| {
            Ok(LeasedBlob {
                id: BlobId::new(id),
                key: key(&stored)?,
                attempt: u32::try_from(attempts).map_err(|_| Failure::corrupt("blob"))?,
            })
        })
        .collect()
}

fn return_blobs(
    conn: &mut Conn,
    ids: &[BlobId],
    leased_until: Timestamp,
    due_at: Timestamp,
) -> Result<(), Failure> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    return_rows!(conn, blobs, &ids, leased_until, due_at)?;
    Ok(())
}

fn blob_backlog(conn: &mut Conn, now: Timestamp) -> Result<Backlog, Failure> {
    Ok(backlog!(conn, blobs, now)?)
}

fn delete_blob_rows(conn: &mut Conn, ids: &[BlobId]) -> Result<u64, Failure> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    let forgotten = diesel::delete(
        blobs::table
            .filter(blobs::id.eq_any(id_set(&ids)))
            .filter(blobs::state.eq(BlobState::Deleted.as_str())),
    )
    .execute(conn)?;
    Ok(forgotten as u64)
}

fn list_blobs(
    conn: &mut Conn,
    after: Option<BlobId>,
    limit: u32,
) -> Result<Vec<StoredBlobRow>, Failure> {
    let rows: Vec<BlobRow> = blobs::table
        .filter(blobs::id.gt(after.map_or(i64::MIN, BlobId::get)))
        .select(BlobRow::as_select())
        .order(blobs::id)
        .limit(i64::from(limit))
        .load(conn)?;
    rows.into_iter()
        .map(|row| {
            Ok(StoredBlobRow {
                id: BlobId::new(row.id),
                key: key(&row.key)?,
                state: word(BlobState::parse, &row.state, "blob")?,
                info: info(row.size, row.sha256, row.content_type)?,
                created_at: row.created_at.into(),
            })
        })
        .collect()
}

fn known_keys(conn: &mut Conn, keys: &[StorageKey]) -> Result<Vec<StorageKey>, Failure> {
    let found: Vec<String> = blobs::table
        .filter(blobs::key.eq_any(keys.iter().map(StorageKey::as_str)))
        .select(blobs::key)
        .load(conn)?;
    found.iter().map(|stored| key(stored)).collect()
}

/// Turns the pending row of an upload to stored; one that is not pending makes the commit stale.
pub(super) fn take_upload(conn: &mut Conn, upload: &FinishedUpload) -> Result<(), Failure> {
    let size = i64::try_from(upload.info.size).map_err(|_| Failure::corrupt("upload"))?;
    let taken = diesel::update(
        blobs::table
            .find(upload.blob.get())
            .filter(blobs::state.eq("pending")),
    )
    .set((
        blobs::state.eq("stored"),
        blobs::due_at.eq(None::<At>),
        blobs::size.eq(size),
        blobs::sha256.eq(upload.info.sha256.as_bytes().as_slice()),
        blobs::content_type.eq(upload.info.content_type.as_str()),
    ))
    .execute(conn)?;
    exactly_one(taken)
}

/// Turns the row of bytes whose record goes away to deleted.
pub(super) fn drop_blob(conn: &mut Conn, blob: i64, at: Timestamp) -> Result<(), Failure> {
    let dropped = diesel::update(blobs::table.find(blob))
        .set((blobs::state.eq("deleted"), blobs::due_at.eq(At::from(at))))
        .execute(conn)?;
    exactly_one(dropped)
}
