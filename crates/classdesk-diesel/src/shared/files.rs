//! Files of bundles, and what every owned file has in common.

use classdesk_domain::blobs::{
    BlobInfo, ContentType, FileInfo, FileName, FinishedUpload, Sha256Digest, StorageKey, StoredBlob,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{
    BundleFile, BundleFileContext, FileUpdate, InsertBundleFile, Visibility,
};
use classdesk_domain::ids::{BlobId, BundleId, FileId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::UserRef;
use classdesk_domain::policy::{AccessScope, FileScope};
use classdesk_domain::store::Commit;
use classdesk_domain::subjects::Parties;
use classdesk_domain::text::Description;
use diesel::prelude::*;

use super::Conn;
use super::commit::{Applied, Writes, commit, exactly_one};
use super::dialect::for_change;
use super::page::{before, cut, one_more};
use super::people::PersonRow;
use super::schema::{blobs, bundle_files, subjects, users};
use super::subjects::parties;
use super::values::At;
use crate::error::Failure;

const KIND: &str = "class_bundle";

/// The row of bytes that a record owns.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub(super) struct OwnedBlobRow {
    id: i64,
    key: String,
    size: Option<i64>,
    sha256: Option<Vec<u8>>,
    content_type: Option<String>,
}

impl OwnedBlobRow {
    /// What is known of the bytes, of which an owned row has all.
    pub(super) fn into_stored(self) -> Result<StoredBlob, Failure> {
        Ok(StoredBlob {
            id: BlobId::new(self.id),
            key: StorageKey::parse(&self.key).ok_or_else(|| Failure::corrupt("blob"))?,
            info: info(self.size, self.sha256, self.content_type)?
                .ok_or_else(|| Failure::corrupt("blob"))?,
        })
    }
}

/// What is known of stored bytes; `None` when nothing is.
pub(super) fn info(
    size: Option<i64>,
    sha256: Option<Vec<u8>>,
    content_type: Option<String>,
) -> Result<Option<BlobInfo>, Failure> {
    let (Some(size), Some(sha256), Some(content_type)) = (size, sha256, content_type) else {
        return Ok(None);
    };
    let digest = sha256.try_into().map_err(|_| Failure::corrupt("blob"))?;
    Ok(Some(BlobInfo {
        size: u64::try_from(size).map_err(|_| Failure::corrupt("blob"))?,
        sha256: Sha256Digest::from_bytes(digest),
        content_type: ContentType::from_stored(content_type),
    }))
}

/// A file as everybody who may see it knows it, and where its bytes are.
pub(super) fn file_info(
    name: String,
    uploaded_by: UserRef,
    uploaded_at: At,
    blob: OwnedBlobRow,
) -> Result<(FileInfo, StoredBlob), Failure> {
    let blob = blob.into_stored()?;
    let file = FileInfo {
        name: FileName::from_stored(name),
        blob: blob.info.clone(),
        uploaded_by,
        uploaded_at: uploaded_at.into(),
    };
    Ok((file, blob))
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
        blobs::size.eq(size),
        blobs::sha256.eq(upload.info.sha256.as_bytes().as_slice()),
        blobs::content_type.eq(upload.info.content_type.as_str()),
    ))
    .execute(conn)?;
    exactly_one(taken)
}

/// Turns the row of bytes whose record goes away to deleted.
pub(super) fn drop_blob(conn: &mut Conn, blob: i64) -> Result<(), Failure> {
    let dropped = diesel::update(blobs::table.find(blob))
        .set(blobs::state.eq("deleted"))
        .execute(conn)?;
    exactly_one(dropped)
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = bundle_files)]
struct FileRow {
    id: i64,
    bundle_id: i64,
    file_name: String,
    description: String,
    visible_to_client: bool,
    visible_to_writer: bool,
    uploaded_at: At,
}

type FullRow = (FileRow, OwnedBlobRow, PersonRow);

fn into_file((row, blob, uploader): FullRow) -> Result<(BundleFile, StoredBlob), Failure> {
    let (file, blob) = file_info(
        row.file_name,
        uploader.into_domain()?,
        row.uploaded_at,
        blob,
    )?;
    let file = BundleFile {
        id: FileId::new(row.id),
        bundle: BundleId::new(row.bundle_id),
        file,
        description: Description::from_stored(row.description),
        visibility: Visibility {
            to_client: row.visible_to_client,
            to_writer: row.visible_to_writer,
        },
    };
    Ok((file, blob))
}

/// Files with their bytes' rows and uploaders. A macro because the type can't be written down.
macro_rules! full {
    () => {
        bundle_files::table
            .inner_join(blobs::table.on(blobs::id.eq(bundle_files::blob_id)))
            .inner_join(users::table.on(users::id.eq(bundle_files::uploaded_by)))
            .select((
                FileRow::as_select(),
                OwnedBlobRow::as_select(),
                PersonRow::as_select(),
            ))
    };
}

/// A page of a bundle's files within sight, newest first. One statement whatever the sight, so
/// that it stays cached.
pub(super) fn page_of(
    conn: &mut Conn,
    bundle: BundleId,
    scope: FileScope,
    page: PageRequest,
) -> Result<Page<BundleFile>, Failure> {
    let (all, client, writer) = match scope {
        FileScope::All => (true, false, false),
        FileScope::VisibleToClient => (false, true, false),
        FileScope::VisibleToWriter => (false, false, true),
    };
    let rows: Vec<FullRow> = full!()
        .filter(bundle_files::bundle_id.eq(bundle.get()))
        .filter(bundle_files::id.lt(before(page)))
        .filter(
            all.into_sql::<diesel::sql_types::Bool>()
                .or(bundle_files::visible_to_client
                    .and(client.into_sql::<diesel::sql_types::Bool>()))
                .or(bundle_files::visible_to_writer
                    .and(writer.into_sql::<diesel::sql_types::Bool>())),
        )
        .order(bundle_files::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row| row.0.id).try_map(|row| Ok(into_file(row)?.0))
}

/// The parties of a bundle, if there is such a bundle.
fn parties_of(conn: &mut Conn, bundle: BundleId) -> Result<Option<Parties>, Failure> {
    let found: Option<(i64, Option<i64>)> = subjects::table
        .find((KIND, bundle.get()))
        .select((subjects::client_id, subjects::assigned_writer_id))
        .first(conn)
        .optional()?;
    Ok(found.map(|(client, writer)| parties(client, writer)))
}

pub(super) fn file(
    conn: &mut Conn,
    bundle: BundleId,
    file: FileId,
) -> Result<Option<BundleFileContext>, Failure> {
    let row: Option<FullRow> = full!()
        .filter(bundle_files::id.eq(file.get()))
        .filter(bundle_files::bundle_id.eq(bundle.get()))
        .first(conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let Some(parties) = parties_of(conn, bundle)? else {
        return Ok(None);
    };
    let (file, blob) = into_file(row)?;
    Ok(Some(BundleFileContext {
        file,
        parties,
        blob,
    }))
}

pub(super) fn list_files(
    conn: &mut Conn,
    bundle: BundleId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Option<(Parties, Page<BundleFile>)>, Failure> {
    let Some(parties) = parties_of(conn, bundle)? else {
        return Ok(None);
    };
    Ok(Some((parties, page_of(conn, bundle, scope.files, page)?)))
}

/// A file that a commit has written, as its caller is answered.
fn written(conn: &mut Conn, id: i64) -> Result<BundleFile, Failure> {
    let row: FullRow = full!().filter(bundle_files::id.eq(id)).first(conn)?;
    Ok(into_file(row)?.0)
}

#[derive(Insertable)]
#[diesel(table_name = bundle_files, treat_none_as_default_value = false)]
struct FileInsert<'a> {
    bundle_id: i64,
    blob_id: i64,
    file_name: &'a str,
    description: &'a str,
    visible_to_client: bool,
    visible_to_writer: bool,
    uploaded_by: i64,
    uploaded_at: At,
}

pub(super) fn add_file(
    conn: &mut Conn,
    c: Commit<InsertBundleFile>,
) -> Result<BundleFile, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            take_upload(conn, &new.upload)?;
            let at: Timestamp = new.uploaded_at;
            let id: i64 = diesel::insert_into(bundle_files::table)
                .values(FileInsert {
                    bundle_id: new.bundle.get(),
                    blob_id: new.upload.blob.get(),
                    file_name: new.upload.name.as_str(),
                    description: new.description.as_str(),
                    visible_to_client: new.visibility.to_client,
                    visible_to_writer: new.visibility.to_writer,
                    uploaded_by: new.upload.uploaded_by.get(),
                    uploaded_at: at.into(),
                })
                .returning(bundle_files::id)
                .get_result(conn)?;
            Ok(Applied::to(id, written(conn, id)?))
        },
    )
}

pub(super) fn update_file(conn: &mut Conn, c: Commit<FileUpdate>) -> Result<BundleFile, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, update| {
            let id = update.file.get();
            let before: Option<(String, bool, bool)> =
                for_change!(bundle_files::table.filter(bundle_files::id.eq(id)).select((
                    bundle_files::description,
                    bundle_files::visible_to_client,
                    bundle_files::visible_to_writer,
                )))
                .first(conn)
                .optional()?;
            let (description, to_client, to_writer) = before.ok_or(Failure::STALE)?;
            let visibility = update.visibility.unwrap_or(Visibility {
                to_client,
                to_writer,
            });
            let changed = diesel::update(bundle_files::table.find(id))
                .set((
                    bundle_files::description.eq(update
                        .description
                        .map_or(description, Description::into_string)),
                    bundle_files::visible_to_client.eq(visibility.to_client),
                    bundle_files::visible_to_writer.eq(visibility.to_writer),
                ))
                .execute(conn)?;
            exactly_one(changed)?;
            Ok(Applied::to(id, written(conn, id)?))
        },
    )
}

pub(super) fn delete_file(conn: &mut Conn, c: Commit<FileId>) -> Result<(), Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, file| {
            let blob: Option<i64> = diesel::delete(bundle_files::table.find(file.get()))
                .returning(bundle_files::blob_id)
                .get_result(conn)
                .optional()?;
            drop_blob(conn, blob.ok_or(Failure::STALE)?)?;
            Ok(Applied::to(file.get(), ()))
        },
    )
}
