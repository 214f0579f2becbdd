//! Files of bundles.

use classdesk_domain::blobs::StoredBlob;
use classdesk_domain::files::{BundleFile, Visibility};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::text::Description;
use diesel::prelude::*;

use super::blobs::{OwnedBlobRow, file_info};
use super::schema::bundle_files;
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = bundle_files)]
pub(crate) struct FileRow {
    pub(crate) id: i64,
    pub(crate) bundle_id: i64,
    pub(crate) file_name: String,
    pub(crate) description: String,
    pub(crate) visible_to_client: bool,
    pub(crate) visible_to_writer: bool,
    pub(crate) uploaded_at: At,
}

pub(crate) type FullFile = (FileRow, OwnedBlobRow, PersonRow);

pub(crate) fn into_file(
    (row, blob, uploader): FullFile,
) -> Result<(BundleFile, StoredBlob), Failure> {
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

#[derive(Insertable)]
#[diesel(table_name = bundle_files, treat_none_as_default_value = false)]
pub(crate) struct FileInsert<'a> {
    pub(crate) bundle_id: i64,
    pub(crate) blob_id: i64,
    pub(crate) file_name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) visible_to_client: bool,
    pub(crate) visible_to_writer: bool,
    pub(crate) uploaded_by: i64,
    pub(crate) uploaded_at: At,
}
