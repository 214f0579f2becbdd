//! A store of bytes that can be taken down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ListedObject, ObjectStream, StorageKey,
};
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::policy::ReadPermit;
use classdesk_memory::MemoryBlobs;
use futures_util::stream;

/// What the storage says of itself when it is down; no client may ever read this.
pub(crate) const INTERNAL_TEXT: &str = "the storage at 10.9.8.7 is gone";

/// [`MemoryBlobs`] behind a switch.
pub(crate) struct SwitchedBlobs {
    blobs: MemoryBlobs,
    is_down: AtomicBool,
    probes: AtomicUsize,
}

impl SwitchedBlobs {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            blobs: MemoryBlobs::new(clock),
            is_down: AtomicBool::new(false),
            probes: AtomicUsize::new(0),
        }
    }

    /// Makes the storage unreachable.
    pub(crate) fn take_down(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// How often it was asked whether it is there.
    pub(crate) fn probes(&self) -> usize {
        self.probes.load(Ordering::SeqCst)
    }

    /// Puts other bytes under a key, as a failing disk might.
    pub(crate) fn damage(&self, path: &str, bytes: &'static [u8]) {
        self.blobs.plant(path, bytes);
    }

    fn up(&self) -> Result<&MemoryBlobs, BlobError> {
        if self.is_down.load(Ordering::SeqCst) {
            Err(BlobError::Unavailable(INTERNAL_TEXT.into()))
        } else {
            Ok(&self.blobs)
        }
    }
}

#[async_trait]
impl BlobStore for SwitchedBlobs {
    async fn put(
        &self,
        key: &StorageKey,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError> {
        self.up()?.put(key, bytes, limit).await
    }

    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError> {
        self.up()?.open(permit, range).await
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.up()?.delete(key).await
    }

    fn list(&self) -> ObjectStream {
        match self.up() {
            Ok(blobs) => blobs.list(),
            Err(error) => Box::pin(stream::once(async { Err(error) })),
        }
    }

    async fn head(&self, path: &str) -> Result<Option<ListedObject>, BlobError> {
        self.up()?.head(path).await
    }

    async fn delete_orphan(&self, path: &str) -> Result<(), BlobError> {
        self.up()?.delete_orphan(path).await
    }

    async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.up()?.abort_stale_uploads(before).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.up()?.ping().await
    }
}
