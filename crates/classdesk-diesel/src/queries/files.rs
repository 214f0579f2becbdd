//! Files of bundles, and what every owned file has in common.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{
    BundleFile, BundleFileContext, FileDeletion, FileRepository, FileUpdate, InsertBundleFile,
    Visibility,
};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, FileScope};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::Parties;
use classdesk_domain::text::Description;
use diesel::prelude::*;

use super::blobs::{drop_blob, take_upload};
use super::commit::commit;
use super::dialect::for_update;
use super::page::{before, cut, one_more};
use super::rows::blobs::OwnedBlobRow;
use super::rows::bundle_files::{FileInsert, FileRow, FullFile, into_file};
use super::rows::schema::{blobs, bundle_files, subjects, users};
use super::rows::subjects::parties;
use super::rows::users::PersonRow;
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl FileRepository for Database {
    async fn file(
        &self,
        bundle: BundleId,
        file: FileId,
    ) -> Result<Option<BundleFileContext>, StoreError> {
        self.snapshot(move |conn| file_context(conn, bundle, file))
            .await
    }

    async fn list_files(
        &self,
        bundle: BundleId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Parties, Page<BundleFile>)>, StoreError> {
        self.snapshot(move |conn| list_files(conn, bundle, &scope, page))
            .await
    }

    async fn add_file(&self, commit: Commit<InsertBundleFile>) -> Result<BundleFile, StoreError> {
        self.write(move |conn| add_file(conn, commit)).await
    }

    async fn update_file(&self, commit: Commit<FileUpdate>) -> Result<BundleFile, StoreError> {
        self.write(move |conn| update_file(conn, commit)).await
    }

    async fn delete_file(&self, commit: Commit<FileDeletion>) -> Result<(), StoreError> {
        self.write(move |conn| delete_file(conn, commit)).await
    }
}

const KIND: &str = "class_bundle";

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
    let rows: Vec<FullFile> = full!()
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

fn file_context(
    conn: &mut Conn,
    bundle: BundleId,
    file: FileId,
) -> Result<Option<BundleFileContext>, Failure> {
    let row: Option<FullFile> = full!()
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

fn list_files(
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
    let row: FullFile = full!().filter(bundle_files::id.eq(id)).first(conn)?;
    Ok(into_file(row)?.0)
}

fn add_file(conn: &mut Conn, c: Commit<InsertBundleFile>) -> Result<BundleFile, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
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
            Ok(Outcome::to(id, written(conn, id)?))
        },
    )
}

fn update_file(conn: &mut Conn, c: Commit<FileUpdate>) -> Result<BundleFile, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, update| {
            let id = update.file.get();
            let before: Option<(String, bool, bool)> =
                for_update!(bundle_files::table.filter(bundle_files::id.eq(id)).select((
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
            Ok(Outcome::to(id, written(conn, id)?))
        },
    )
}

fn delete_file(conn: &mut Conn, c: Commit<FileDeletion>) -> Result<(), Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, FileDeletion { file, at }| {
            let blob: Option<i64> = diesel::delete(bundle_files::table.find(file.get()))
                .returning(bundle_files::blob_id)
                .get_result(conn)
                .optional()?;
            drop_blob(conn, blob.ok_or(Failure::STALE)?, at)?;
            Ok(Outcome::to(file.get(), ()))
        },
    )
}
