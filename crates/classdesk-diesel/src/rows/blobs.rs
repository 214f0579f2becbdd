//! Stored bytes.

use classdesk_domain::blobs::{
    BlobInfo, BlobState, ContentType, FileInfo, FileName, Sha256Digest, StorageKey, StoredBlob,
    StoredBlobRow,
};
use classdesk_domain::ids::BlobId;
use classdesk_domain::people::UserRef;
use diesel::prelude::*;

use super::schema::blobs;
use super::values::{At, word};
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
    /// What is known of stored bytes; `None` when nothing is.
    fn info(self) -> Result<Option<BlobInfo>, Failure> {
        let (Some(size), Some(sha256), Some(content_type)) =
            (self.size, self.sha256, self.content_type)
        else {
            return Ok(None);
        };
        let digest = sha256.try_into().map_err(|_| Failure::corrupt("blob"))?;
        Ok(Some(BlobInfo {
            size: u64::try_from(size).map_err(|_| Failure::corrupt("blob"))?,
            sha256: Sha256Digest::from_bytes(digest),
            content_type: ContentType::from_stored(content_type),
        }))
    }

    /// A file as everyone who may see it knows it, and where its bytes are. An owned row has all
    /// that can be known of them.
    pub(crate) fn into_file(
        self,
        name: String,
        uploaded_by: UserRef,
        uploaded_at: At,
    ) -> Result<(FileInfo, StoredBlob), Failure> {
        let (id, key) = (BlobId::new(self.id), key(&self.key)?);
        let info = self.info()?.ok_or_else(|| Failure::corrupt("blob"))?;
        let file = FileInfo {
            name: FileName::from_stored(name),
            blob: info.clone(),
            uploaded_by,
            uploaded_at: uploaded_at.into(),
        };
        Ok((file, StoredBlob { id, key, info }))
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = blobs)]
pub(crate) struct BlobRow {
    #[diesel(embed)]
    pub(crate) bytes: OwnedBlobRow,
    pub(crate) state: String,
    pub(crate) created_at: At,
}

impl BlobRow {
    pub(crate) fn into_domain(self) -> Result<StoredBlobRow, Failure> {
        Ok(StoredBlobRow {
            id: BlobId::new(self.bytes.id),
            key: key(&self.bytes.key)?,
            state: word(BlobState::parse, &self.state, "blob")?,
            info: self.bytes.info()?,
            created_at: self.created_at.into(),
        })
    }
}

pub(crate) fn key(stored: &str) -> Result<StorageKey, Failure> {
    StorageKey::parse(stored).ok_or_else(|| Failure::corrupt("blob"))
}
