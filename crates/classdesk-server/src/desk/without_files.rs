//! The storage of commands that have nothing to do with files, so that they need none.

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ListedObject, ObjectStream, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::policy::ReadPermit;
use futures_util::stream;

/// A storage that is not there.
pub(crate) struct WithoutFiles;

fn absent<T>() -> Result<T, BlobError> {
    Err(BlobError::Unavailable("this command has no storage".into()))
}

#[async_trait]
impl BlobStore for WithoutFiles {
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
