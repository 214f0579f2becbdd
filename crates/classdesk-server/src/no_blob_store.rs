//! The blob store of commands that handle no files.

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ListedObject, ObjectStream, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::policy::ReadPermit;
use futures_util::stream;

/// A blob store that is always unavailable.
pub(crate) struct NoBlobStore;

fn absent<T>() -> Result<T, BlobError> {
    Err(BlobError::Unavailable("this command has no storage".into()))
}

#[async_trait]
impl BlobStore for NoBlobStore {
    async fn put(&self, _: &StorageKey, _: ByteStream, _: u64) -> Result<BlobInfo, BlobError> {
        absent()
    }

    async fn open(&self, _: &ReadPermit, _: Option<ByteRange>) -> Result<ByteStream, BlobError> {
        absent()
    }

    async fn delete(&self, _: &StorageKey) -> Result<(), BlobError> {
        absent()
    }

    fn list(&self) -> ObjectStream {
        Box::pin(stream::once(async { absent() }))
    }

    async fn head(&self, _: &str) -> Result<Option<ListedObject>, BlobError> {
        absent()
    }

    async fn delete_orphan(&self, _: &str) -> Result<(), BlobError> {
        absent()
    }

    async fn abort_stale_uploads(&self, _: Timestamp) -> Result<u64, BlobError> {
        absent()
    }

    async fn ping(&self) -> Result<(), BlobError> {
        absent()
    }
}
