//! What uploads need of a store of rows and of a store of bytes.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;

use crate::clock::Timestamp;
use crate::ids::{BlobId, UserId};
use crate::jobs::{Backlog, TakeDue};

use super::model::{BlobInfo, BlobPurpose, BlobState, StorageKey};
use crate::policy::permit::ReadPermit;
use crate::store::error::{Cause, StoreError};

/// How a store of bytes fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There were no bytes at all.
    #[error("the upload is empty")]
    Empty,
    /// There were more bytes than the limit.
    #[error("the upload is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The source of the bytes broke off.
    #[error("the upload broke off")]
    Interrupted(#[source] Cause),
    /// The object is not there, although a row says so.
    #[error("the stored object is missing")]
    Missing,
    /// The object's bytes are not the ones that were stored.
    #[error("the stored object is damaged")]
    Damaged,
    /// The range begins beyond the end.
    #[error("the range begins beyond the end")]
    RangeNotSatisfiable,
    /// The disk is full.
    #[error("no space is left")]
    NoSpace(#[source] Cause),
    /// The storage refuses us: permissions or credentials.
    #[error("the storage refuses access")]
    Denied(#[source] Cause),
    /// The bucket or folder is not there.
    #[error("the bucket or folder is missing")]
    NoSuchBucket(#[source] Cause),
    /// The storage does not answer.
    #[error("the storage is unavailable")]
    Unavailable(#[source] Cause),
    /// Any other failure.
    #[error("the storage failed")]
    Backend(#[source] Cause),
}

/// A stream of bytes on its way in or out.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// Which bytes to read: from the first to before the end, both within the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// One beyond the last byte.
    pub end: u64,
}

/// An object that a listing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its path below the storage's root, whatever it is: an orphan has no [`StorageKey`].
    pub path: String,
    /// How many bytes.
    pub size: u64,
    /// When it was written.
    pub modified_at: Timestamp,
}

/// The objects of a listing, in no order.
pub type ObjectStream = Pin<Box<dyn Stream<Item = Result<ListedObject, BlobError>> + Send>>;

/// A store of bytes.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores a stream under a key and says what it was.
    ///
    /// It MUST refuse a stream without bytes ([`BlobError::Empty`]) and stop reading as soon as
    /// more than `limit` bytes have come ([`BlobError::TooLarge`]). It MUST NOT answer before the
    /// bytes are durable. On any error, and when the future is dropped, nothing MUST be readable
    /// under the key. Memory MUST NOT grow with the stream.
    async fn put(
        &self,
        key: &StorageKey,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError>;

    /// Opens stored bytes, or a range of them.
    ///
    /// A whole read MUST end in [`BlobError::Damaged`] instead of ending well when size or digest
    /// are not the permit's. All bytes may have come by then, so the caller holds the last chunk
    /// back until the stream has ended. A range MUST end in an error when bytes are lacking. A
    /// missing object is [`BlobError::Missing`]. Memory MUST NOT grow with the object.
    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError>;

    /// Removes an object. One that is not there counts as removed.
    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError>;

    /// Lists all objects, in no order.
    ///
    /// An object that was stored before the call MUST be listed, and one that was removed before
    /// it MUST NOT. Memory MUST NOT grow with the number of objects.
    fn list(&self) -> ObjectStream;

    /// Looks at one object; `None` when it is not there. `path` comes from [`BlobStore::list`].
    async fn head(&self, path: &str) -> Result<Option<ListedObject>, BlobError>;

    /// Removes an object that no row names. `path` comes from [`BlobStore::list`].
    async fn delete_orphan(&self, path: &str) -> Result<(), BlobError>;

    /// Removes what uploads that broke off before `before` have left behind, where the storage
    /// keeps such things out of [`BlobStore::list`], and says how many there were.
    async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError>;

    /// Answers when the storage can be reached and written.
    async fn ping(&self) -> Result<(), BlobError>;
}

/// A row for bytes that are about to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBlob {
    /// Where they will be.
    pub key: StorageKey,
    /// What they are for.
    pub purpose: BlobPurpose,
    /// The uploader.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it is swept, unless a record owns it by then.
    pub due_at: Timestamp,
}

/// A row whose bytes are to be removed by the one who took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedBlob {
    /// The row.
    pub id: BlobId,
    /// Where its bytes are, if any.
    pub key: StorageKey,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// A row as the consistency check reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlobRow {
    /// The row.
    pub id: BlobId,
    /// Where its bytes are.
    pub key: StorageKey,
    /// Where it is in its life.
    pub state: BlobState,
    /// What is known of its bytes, once it is stored; kept when it is deleted.
    pub info: Option<BlobInfo>,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// Keeping rows about bytes. Owning records turn them `stored` and `deleted` as part of their own
/// commits.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BlobRepository: Send + Sync {
    /// Inserts a pending row.
    async fn create_blob(&self, blob: NewBlob) -> Result<BlobId, StoreError>;

    /// Turns a pending row to deleted, due at `now`. A row that is not pending MUST stay as it is.
    async fn mark_blob_deleted(&self, id: BlobId, now: Timestamp) -> Result<(), StoreError>;

    /// Takes rows that are due and not held: at most `take.limit` of them, the ones that
    /// are due longest. It MUST turn pending ones to deleted, so that what was taken can't become
    /// stored any more. Stored rows are never due.
    ///
    /// Several processes MAY call it at once, and MUST NOT get the same row before its lease ends.
    /// From then on, a row that is still there MUST be taken again.
    async fn take_due_blobs(&self, take: TakeDue) -> Result<Vec<LeasedBlob>, StoreError>;

    /// Gives rows back that could not be swept: they are held no longer, and due at `due_at`. Rows
    /// that are not held until `leased_until` MUST stay as they are, since that lease is over.
    async fn return_blobs(
        &self,
        ids: &[BlobId],
        leased_until: Timestamp,
        due_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// What is due by now and not held.
    async fn blob_backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;

    /// Removes deleted rows whose bytes are gone, and says how many there were. Rows that are not
    /// deleted MUST stay.
    async fn delete_blob_rows(&self, ids: &[BlobId]) -> Result<u64, StoreError>;

    /// At most `limit` rows in any state after this id, by ascending id.
    async fn list_blobs(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<StoredBlobRow>, StoreError>;

    /// Which of these keys have a row in any state.
    async fn known_keys(&self, keys: &[StorageKey]) -> Result<Vec<StorageKey>, StoreError>;
}
