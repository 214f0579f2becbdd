//! What bundle files need of a store.

use async_trait::async_trait;

use crate::blobs::model::{FinishedUpload, StoredBlob};
use crate::clock::Timestamp;
use crate::ids::{BundleId, FileId};
use crate::paging::{Page, PageRequest};
use crate::text::Description;

use super::model::{BundleFile, Visibility};
use crate::policy::access_scope::AccessScope;
use crate::policy::permission::FileAccess;
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::subjects::model::Parties;

/// A file with what decisions about it rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFileContext {
    /// The file.
    pub file: BundleFile,
    /// The parties of its bundle.
    pub parties: Parties,
    /// Where its bytes are.
    pub blob: StoredBlob,
}

impl BundleFileContext {
    /// What decisions about the file rest on.
    #[must_use]
    pub const fn access(&self) -> FileAccess {
        FileAccess {
            parties: self.parties,
            uploaded_by: self.file.file.uploaded_by.id,
            visibility: self.file.visibility,
        }
    }
}

/// A file to be put on a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertBundleFile {
    /// The bundle.
    pub bundle: BundleId,
    /// The file. The store MUST turn its blob from pending to stored in the same transaction, and
    /// answer `Stale` when the blob is not pending.
    pub upload: FinishedUpload,
    /// What it is.
    pub description: Description,
    /// Which party sees it.
    pub visibility: Visibility,
    /// When.
    pub uploaded_at: Timestamp,
}

/// A change to a file; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUpdate {
    /// Which file.
    pub file: FileId,
    /// What it is.
    pub description: Option<Description>,
    /// Which party sees it.
    pub visibility: Option<Visibility>,
}

/// A bundle file that goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDeletion {
    /// Which file.
    pub file: FileId,
    /// When; its bytes are due to be swept from then on.
    pub at: Timestamp,
}

/// Keeping files of bundles. A deleted file is not found by any of these.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait FileRepository: Send + Sync {
    /// A file of this bundle, whatever its visibility: the caller asks the policy. A file of
    /// another bundle MUST NOT be found.
    async fn file(
        &self,
        bundle: BundleId,
        file: FileId,
    ) -> Result<Option<BundleFileContext>, StoreError>;

    /// The bundle's parties and a page of its files within `scope.files`, newest first (descending
    /// id).
    async fn list_files(
        &self,
        bundle: BundleId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Parties, Page<BundleFile>)>, StoreError>;

    /// Puts a file on a bundle.
    async fn add_file(&self, commit: Commit<InsertBundleFile>) -> Result<BundleFile, StoreError>;

    /// Changes a file.
    async fn update_file(&self, commit: Commit<FileUpdate>) -> Result<BundleFile, StoreError>;

    /// Removes a file and turns its blob to deleted.
    async fn delete_file(&self, commit: Commit<FileDeletion>) -> Result<(), StoreError>;
}
