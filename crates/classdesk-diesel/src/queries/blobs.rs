//! Rows about bytes.

use classdesk_domain::blobs::{
    BlobRepository, BlobState, FinishedUpload, LeasedBlob, NewBlob, StorageKey, StoredBlobRow,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
use classdesk_domain::jobs::{Backlog, TakeDue};
use diesel::prelude::*;

use super::Conn;
use super::dialect::{id_set, skip_locked};
use super::leases::{backlog, due_rows, return_rows, take_due};
use super::port::port;
use super::rows::blobs::{BlobRow, key};
use super::rows::schema::blobs;
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::exactly_one;

port! {
    impl BlobRepository {
        write create_blob(blob: NewBlob) -> BlobId;
        write mark_blob_deleted(id: BlobId, now: Timestamp) -> ();
        write take_due_blobs(take: TakeDue) -> Vec<LeasedBlob>;
        write return_blobs(
            ids: &[BlobId] = ids.to_vec(), leased_until: Timestamp, due_at: Timestamp
        ) -> ();
        read blob_backlog(now: Timestamp) -> Backlog;
        write delete_blob_rows(ids: &[BlobId] = ids.to_vec()) -> u64;
        read list_blobs(after: Option<BlobId>, limit: u32) -> Vec<StoredBlobRow>;
        read known_keys(keys: &[StorageKey] = keys.iter().map(ToString::to_string).collect())
            -> Vec<StorageKey>;
    }
}

fn create_blob(conn: &mut Conn, new: NewBlob) -> Result<BlobId, Failure> {
    let NewBlob { key, .. } = new;
    let id = diesel::insert_into(blobs::table)
        .values((
            blobs::key.eq(key.as_str()),
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
    ids: Vec<BlobId>,
    leased_until: Timestamp,
    due_at: Timestamp,
) -> Result<(), Failure> {
    let ids = ids.into_iter().map(BlobId::get);
    return_rows!(conn, blobs, ids, leased_until, due_at)?;
    Ok(())
}

fn blob_backlog(conn: &mut Conn, now: Timestamp) -> Result<Backlog, Failure> {
    Ok(backlog!(conn, blobs, now)?)
}

fn delete_blob_rows(conn: &mut Conn, ids: Vec<BlobId>) -> Result<u64, Failure> {
    let forgotten = diesel::delete(
        blobs::table
            .filter(blobs::id.eq_any(id_set(ids.into_iter().map(BlobId::get))))
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
    rows.into_iter().map(BlobRow::into_domain).collect()
}

fn known_keys(conn: &mut Conn, keys: Vec<String>) -> Result<Vec<StorageKey>, Failure> {
    let found: Vec<String> = blobs::table
        .filter(blobs::key.eq_any(keys))
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
