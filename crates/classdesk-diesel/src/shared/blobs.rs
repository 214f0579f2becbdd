//! Rows about bytes.

use classdesk_domain::blobs::{BlobState, NewBlob, StorageKey, StoredBlobRow, SweepableBlob};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
use diesel::prelude::*;

use super::Conn;
use super::dialect::among;
use super::files::info;
use super::schema::blobs;
use super::values::{At, word};
use crate::error::Failure;

fn key(stored: &str) -> Result<StorageKey, Failure> {
    StorageKey::parse(stored).ok_or_else(|| Failure::corrupt("blob"))
}

pub(super) fn create_blob(conn: &mut Conn, new: &NewBlob) -> Result<BlobId, Failure> {
    let id = diesel::insert_into(blobs::table)
        .values((
            blobs::key.eq(new.key.as_str()),
            blobs::purpose.eq(new.purpose.as_str()),
            blobs::state.eq(BlobState::Pending.as_str()),
            blobs::created_by.eq(new.created_by.get()),
            blobs::created_at.eq(At::from(new.created_at)),
        ))
        .returning(blobs::id)
        .get_result(conn)?;
    Ok(BlobId::new(id))
}

pub(super) fn mark_blob_deleted(conn: &mut Conn, id: BlobId) -> Result<(), Failure> {
    diesel::update(
        blobs::table
            .find(id.get())
            .filter(blobs::state.eq(BlobState::Pending.as_str())),
    )
    .set(blobs::state.eq(BlobState::Deleted.as_str()))
    .execute(conn)?;
    Ok(())
}

pub(super) fn sweepable_blobs(
    conn: &mut Conn,
    pending_before: Timestamp,
    limit: u32,
) -> Result<Vec<SweepableBlob>, Failure> {
    let outlived: Vec<i64> = blobs::table
        .filter(blobs::state.eq(BlobState::Pending.as_str()))
        .filter(blobs::created_at.lt(At::from(pending_before)))
        .select(blobs::id)
        .order(blobs::id)
        .limit(i64::from(limit))
        .load(conn)?;
    if !outlived.is_empty() {
        // The state is asked once more: an upload may have finished since the look.
        diesel::update(
            blobs::table
                .filter(blobs::id.eq_any(among(&outlived)))
                .filter(blobs::state.eq(BlobState::Pending.as_str())),
        )
        .set(blobs::state.eq(BlobState::Deleted.as_str()))
        .execute(conn)?;
    }
    let rows: Vec<(i64, String)> = blobs::table
        .filter(blobs::state.eq(BlobState::Deleted.as_str()))
        .select((blobs::id, blobs::key))
        .order(blobs::id)
        .limit(i64::from(limit))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, stored)| {
            Ok(SweepableBlob {
                id: BlobId::new(id),
                key: key(&stored)?,
            })
        })
        .collect()
}

pub(super) fn delete_blob_rows(conn: &mut Conn, ids: &[BlobId]) -> Result<u64, Failure> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    let forgotten = diesel::delete(
        blobs::table
            .filter(blobs::id.eq_any(among(&ids)))
            .filter(blobs::state.eq(BlobState::Deleted.as_str())),
    )
    .execute(conn)?;
    Ok(forgotten as u64)
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = blobs)]
struct BlobRow {
    id: i64,
    key: String,
    state: String,
    size: Option<i64>,
    sha256: Option<Vec<u8>>,
    content_type: Option<String>,
    created_at: At,
}

pub(super) fn list_blobs(
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

pub(super) fn known_keys(conn: &mut Conn, keys: &[StorageKey]) -> Result<Vec<StorageKey>, Failure> {
    let found: Vec<String> = blobs::table
        .filter(blobs::key.eq_any(keys.iter().map(StorageKey::as_str)))
        .select(blobs::key)
        .load(conn)?;
    found.iter().map(|stored| key(stored)).collect()
}
