//! Files of bundles.

use classdesk_domain::blobs::StoredBlob;
use classdesk_domain::files::{BundleFile, Visibility};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::text::Description;
use diesel::prelude::*;

use super::Backend;
use super::blobs::OwnedBlobRow;
use super::schema::{blobs, bundle_files, users};
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

/// A file with its bytes' row and its uploader.
#[derive(Debug, HasQuery)]
#[diesel(table_name = bundle_files, check_for_backend(Backend))]
#[diesel(base_query = bundle_files::table
    .inner_join(blobs::table.on(blobs::id.eq(bundle_files::blob_id)))
    .inner_join(users::table.on(users::id.eq(bundle_files::uploaded_by))))]
pub(crate) struct FileRow {
    pub(crate) id: i64,
    pub(crate) bundle_id: i64,
    pub(crate) file_name: String,
    pub(crate) description: String,
    pub(crate) visible_to_client: bool,
    pub(crate) visible_to_writer: bool,
    pub(crate) uploaded_at: At,
    pub(crate) version: i64,
    #[diesel(embed)]
    pub(crate) blob: OwnedBlobRow,
    #[diesel(embed)]
    pub(crate) uploader: PersonRow,
}

impl FileRow {
    pub(crate) fn into_domain(self) -> Result<(BundleFile, StoredBlob), Failure> {
        let uploader = self.uploader.into_domain()?;
        let (file, blob) = (self.blob).into_file(self.file_name, uploader, self.uploaded_at)?;
        let file = BundleFile {
            id: FileId::new(self.id),
            bundle: BundleId::new(self.bundle_id),
            file,
            description: Description::from_stored(self.description),
            visibility: Visibility {
                to_client: self.visible_to_client,
                to_writer: self.visible_to_writer,
            },
            version: self.version,
        };
        Ok((file, blob))
    }
}
