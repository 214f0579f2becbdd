//! Files of bundles.

use classdesk_domain::files::{
    BundleFile, BundleFileContext, FileDeletion, FileRepository, FileUpdate, InsertBundleFile,
    Visibility,
};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, FileScope};
use classdesk_domain::subjects::{Parties, SubjectRef};
use classdesk_domain::text::Description;
use diesel::prelude::*;

use super::Conn;
use super::blobs::{drop_blob, take_upload};
use super::page::{before, cut, one_more};
use super::port::port;
use super::preconditions::locked;
use super::rows::bundle_files::FileRow;
use super::rows::schema::bundle_files;
use super::rows::values::At;
use super::subjects::parties_of;
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl FileRepository {
        snapshot file(bundle: BundleId, id: FileId) -> Option<BundleFileContext>;
        snapshot list_files(bundle: BundleId, scope: AccessScope, page: PageRequest)
            -> Option<(Parties, Page<BundleFile>)>;
    }
    commits {
        add_file(InsertBundleFile) -> BundleFile;
        update_file(FileUpdate) -> BundleFile;
        delete_file(FileDeletion) -> ();
    }
}

/// Whether a file is within a scope. One expression whatever the scope, so that its statement stays
/// cached.
///
/// It is a macro because the type of the expression can't be written down.
macro_rules! file_in_scope {
    ($scope:expr) => {{
        use classdesk_domain::policy::FileScope;
        use diesel::IntoSql;
        let is = |one: FileScope| ($scope == one).into_sql::<diesel::sql_types::Bool>();
        let to_client = bundle_files::visible_to_client.and(is(FileScope::VisibleToClient));
        let to_writer = bundle_files::visible_to_writer.and(is(FileScope::VisibleToWriter));
        is(FileScope::All).or(to_client).or(to_writer)
    }};
}
pub(super) use file_in_scope;

/// How many files a bundle has within scope.
pub(super) fn count_of(
    conn: &mut Conn,
    bundle: BundleId,
    scope: FileScope,
) -> Result<i64, Failure> {
    Ok(bundle_files::table
        .filter(bundle_files::bundle_id.eq(bundle.get()))
        .filter(file_in_scope!(scope))
        .count()
        .get_result(conn)?)
}

/// A page of a bundle's files within scope, newest first.
pub(super) fn page_of(
    conn: &mut Conn,
    bundle: BundleId,
    scope: FileScope,
    page: PageRequest,
) -> Result<Page<BundleFile>, Failure> {
    let rows = FileRow::query()
        .filter(bundle_files::bundle_id.eq(bundle.get()))
        .filter(bundle_files::id.lt(before(page)))
        .filter(file_in_scope!(scope))
        .order(bundle_files::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    cut(
        rows,
        page,
        |row: &FileRow| row.id,
        |row| Ok(row.into_domain()?.0),
    )
}

fn file(
    conn: &mut Conn,
    bundle: BundleId,
    id: FileId,
) -> Result<Option<BundleFileContext>, Failure> {
    let row: Option<FileRow> = FileRow::query()
        .filter(bundle_files::id.eq(id.get()))
        .filter(bundle_files::bundle_id.eq(bundle.get()))
        .first(conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let Some(parties) = parties_of(conn, &SubjectRef::bundle(bundle))? else {
        return Ok(None);
    };
    let (file, blob) = row.into_domain()?;
    Ok(Some(BundleFileContext {
        file,
        parties,
        blob,
    }))
}

fn list_files(
    conn: &mut Conn,
    bundle: BundleId,
    scope: AccessScope,
    page: PageRequest,
) -> Result<Option<(Parties, Page<BundleFile>)>, Failure> {
    let Some(parties) = parties_of(conn, &SubjectRef::bundle(bundle))? else {
        return Ok(None);
    };
    Ok(Some((parties, page_of(conn, bundle, scope.files, page)?)))
}

/// A file that a commit has written, as its caller is answered.
fn written(conn: &mut Conn, id: i64) -> Result<Outcome<BundleFile>, Failure> {
    let row: FileRow = FileRow::query()
        .filter(bundle_files::id.eq(id))
        .first(conn)?;
    Ok(Outcome::to(id, row.into_domain()?.0))
}

fn add_file(conn: &mut Conn, new: &InsertBundleFile) -> Result<Outcome<BundleFile>, Failure> {
    take_upload(conn, &new.upload)?;
    let id = diesel::insert_into(bundle_files::table)
        .values((
            bundle_files::bundle_id.eq(new.bundle.get()),
            bundle_files::blob_id.eq(new.upload.blob.get()),
            bundle_files::file_name.eq(new.upload.name.as_str()),
            bundle_files::description.eq(new.description.as_str()),
            bundle_files::visible_to_client.eq(new.visibility.to_client),
            bundle_files::visible_to_writer.eq(new.visibility.to_writer),
            bundle_files::uploaded_by.eq(new.upload.uploaded_by.get()),
            bundle_files::uploaded_at.eq(At::from(new.uploaded_at)),
        ))
        .returning(bundle_files::id)
        .get_result(conn)?;
    written(conn, id)
}

fn update_file(conn: &mut Conn, update: &FileUpdate) -> Result<Outcome<BundleFile>, Failure> {
    let id = update.file.get();
    let columns = (
        bundle_files::description,
        bundle_files::visible_to_client,
        bundle_files::visible_to_writer,
    );
    let before: Option<(String, bool, bool)> = locked!(conn, bundle_files, id, columns);
    let (description, to_client, to_writer) = before.ok_or(Failure::STALE)?;
    let visibility = update.visibility.unwrap_or(Visibility {
        to_client,
        to_writer,
    });
    let description = (update.description.clone()).map_or(description, Description::into_string);
    let changed = diesel::update(bundle_files::table.find(id))
        .set((
            bundle_files::description.eq(description),
            bundle_files::visible_to_client.eq(visibility.to_client),
            bundle_files::visible_to_writer.eq(visibility.to_writer),
            bundle_files::version.eq(bundle_files::version + 1),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    written(conn, id)
}

fn delete_file(conn: &mut Conn, deletion: &FileDeletion) -> Result<Outcome<()>, Failure> {
    let file = deletion.file.get();
    let blob: Option<i64> = diesel::delete(bundle_files::table.find(file))
        .returning(bundle_files::blob_id)
        .get_result(conn)
        .optional()?;
    drop_blob(conn, blob.ok_or(Failure::STALE)?, deletion.at)?;
    Ok(Outcome::to(file, ()))
}
