//! Stored bytes.

use classdesk_domain::blobs::{
    BlobInfo, ContentType, FileInfo, FileName, Sha256Digest, StorageKey, StoredBlob,
};
use classdesk_domain::ids::BlobId;
use classdesk_domain::people::UserRef;
use diesel::prelude::*;

use super::schema::blobs;
use super::values::At;
use crate::error::Failure;

/// The row of bytes that a record owns.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub(crate) struct OwnedBlobRow {
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) size: Option<i64>,
    pub(crate) sha256: Option<Vec<u8>>,
    pub(crate) content_type: Option<String>,
}

impl OwnedBlobRow {
    /// What is known of the bytes, of which an owned row has all.
    pub(crate) fn into_stored(self) -> Result<StoredBlob, Failure> {
        Ok(StoredBlob {
            id: BlobId::new(self.id),
            key: StorageKey::parse(&self.key).ok_or_else(|| Failure::corrupt("blob"))?,
            info: info(self.size, self.sha256, self.content_type)?
                .ok_or_else(|| Failure::corrupt("blob"))?,
        })
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub(crate) struct BlobRow {
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) size: Option<i64>,
    pub(crate) sha256: Option<Vec<u8>>,
    pub(crate) content_type: Option<String>,
    pub(crate) created_at: At,
}

pub(crate) fn key(stored: &str) -> Result<StorageKey, Failure> {
    StorageKey::parse(stored).ok_or_else(|| Failure::corrupt("blob"))
}

/// What is known of stored bytes; `None` when nothing is.
pub(crate) fn info(
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
pub(crate) fn file_info(
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
