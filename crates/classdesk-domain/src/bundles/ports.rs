//! What bundles need of a store.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{BundleId, UserId};
use crate::paging::{Page, PageRequest};

use super::model::{Bundle, BundleDetail, BundleFilter, BundleView, NewBundle};
use crate::people::model::UserRef;
use crate::policy::access_scope::AccessScope;
use crate::store::commit::Commit;
use crate::store::error::StoreError;

/// A bundle to be inserted, with its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertBundle {
    /// What was asked for.
    pub bundle: NewBundle,
    /// The creator.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it became `completed`. The caller MUST give it if that is its first status, and only
    /// then: a store may refuse another row.
    pub completed_at: Option<Timestamp>,
}

/// A bundle as it shall be. The version is the store's to count up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleUpdate {
    /// The bundle with its new fields; its parties, id, creator and creation time MUST NOT be
    /// written. The caller MUST hand it with `completed_at` if its status is `completed`, and only
    /// then: a store may refuse another row.
    pub bundle: Bundle,
    /// Another writer, as in a [`WriterAssignment`]; `None` when the writer stays.
    pub writer: Option<Option<UserId>>,
}

/// Another writer for a bundle, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterAssignment {
    /// Which bundle.
    pub bundle: BundleId,
    /// Its new writer. If there is one, they MUST be added to every non-private thread of the
    /// bundle that they are not in.
    pub writer: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// Keeping bundles.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BundleRepository: Send + Sync {
    /// The bundle and its counts, if it lies within `scope.bundles`. The counts MUST contain only
    /// what lies within `scope.threads` and `scope.tickets`.
    async fn bundle(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleView>, StoreError>;

    /// The same with the newest files within `scope.files`, at most
    /// [`BundleDetail::MOST_FILES`], newest first. The count of files MUST contain all within
    /// `scope.files`.
    async fn bundle_detail(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleDetail>, StoreError>;

    /// Bundles within the scope that match, newest first (descending id), with counts as above.
    async fn list_bundles(
        &self,
        scope: AccessScope,
        filter: BundleFilter,
        page: PageRequest,
    ) -> Result<Page<BundleView>, StoreError>;

    /// Active people who are the bundle's client, its writer, or staff, by ascending id. It MUST
    /// leave out a client who no longer has the role of a client, and a writer likewise. A bundle
    /// that is not there has none.
    async fn list_members(
        &self,
        id: BundleId,
        page: PageRequest,
    ) -> Result<Page<UserRef>, StoreError>;

    /// Creates a bundle in version 1, and its subject, which has the same external id. It MUST answer
    /// `Duplicate` when another bundle has that.
    async fn create_bundle(&self, commit: Commit<InsertBundle>) -> Result<Bundle, StoreError>;

    /// Changes a bundle's own fields, and its writer where one is given, and counts its version up by
    /// one. A new title MUST become the label of its subject, and a new external id its subject's. It
    /// MUST answer `Duplicate` when another bundle has that.
    async fn update_bundle(&self, commit: Commit<BundleUpdate>) -> Result<Bundle, StoreError>;

    /// Gives the bundle another writer and counts its version up by one.
    async fn assign_writer(&self, commit: Commit<WriterAssignment>) -> Result<Bundle, StoreError>;
}
