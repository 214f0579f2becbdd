//! The store of bytes that the domain sees.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ObjectPage, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::policy::ReadPermit;
use object_store::ObjectStore;
use tokio::sync::Semaphore;

use crate::backend::{Backend, Place};
use crate::bucket::Bucket;
use crate::failure::{self, Doing};
use crate::folder::Folder;
use crate::location::StorageLocation;
use crate::options::ObjectStoreOptions;
use crate::{download, upload};

/// How long the storage may take to show that it is there.
const PING: Duration = Duration::from_secs(10);

/// Bytes on a local folder or an S3 bucket. It has to be used within a tokio runtime.
pub struct ObjectBlobs {
    backend: Arc<Backend>,
    uploads: Semaphore,
}

/// A storage can't be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[error("the storage {location} can't be used")]
pub struct ConnectError {
    /// Which storage.
    pub location: StorageLocation,
    /// Why: its folder can't be written, its bucket is missing, its credentials are wrong.
    pub source: BlobError,
}

impl ObjectBlobs {
    /// Opens a storage, making a local folder if need be, and makes sure that it can be written.
    ///
    /// # Errors
    /// A [`ConnectError`] that says why it can't be used.
    pub async fn connect(
        location: &StorageLocation,
        options: &ObjectStoreOptions,
    ) -> Result<Self, ConnectError> {
        let opened = Self::open(location, options).await;
        let ready = match opened {
            Ok(blobs) => blobs.ping().await.map(|()| blobs),
            Err(error) => Err(error),
        };
        ready.map_err(|source| ConnectError {
            location: location.clone(),
            source,
        })
    }

    async fn open(
        location: &StorageLocation,
        options: &ObjectStoreOptions,
    ) -> Result<Self, BlobError> {
        let (place, objects): (_, Arc<dyn ObjectStore>) = match location {
            StorageLocation::Folder(path) => {
                let path = path.clone();
                let folder = tokio::task::spawn_blocking(move || Folder::open(&path))
                    .await
                    .map_err(|died| BlobError::Backend(died.into()))?
                    .map_err(|error| failure::of_io(error, Doing::Writing))?;
                let objects = folder
                    .objects()
                    .map_err(|error| failure::of_store(error, Doing::Writing))?;
                (Place::Folder(folder), Arc::new(objects))
            }
            StorageLocation::Bucket { name, prefix } => {
                let bucket = Bucket::open(name, prefix, options)?;
                let objects = bucket.objects();
                (Place::Bucket(bucket), objects)
            }
        };
        let uploads = options.concurrent_uploads.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            backend: Arc::new(Backend {
                place,
                objects,
                kept: Arc::default(),
            }),
            uploads: Semaphore::new(uploads),
        })
    }

    /// Puts a layer between this and the storage, for example one that counts, slows down or
    /// fails. Objects are written through it, and read through it from a bucket unless they are kept
    /// in memory. Nothing is at first.
    #[must_use]
    pub fn with_layer(
        self,
        layer: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Self {
        let Backend { place, objects, .. } = Backend::clone(&self.backend);
        Self {
            backend: Arc::new(Backend {
                place,
                objects: layer(objects),
                kept: Arc::default(),
            }),
            uploads: self.uploads,
        }
    }
}

impl fmt::Debug for ObjectBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectBlobs({})", self.backend.objects)
    }
}

#[async_trait]
impl BlobStore for ObjectBlobs {
    async fn put(
        &self,
        key: &StorageKey,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError> {
        let _turn = self
            .uploads
            .acquire()
            .await
            .map_err(|closed| BlobError::Backend(closed.into()))?;
        upload::put(&self.backend, key, bytes, limit).await
    }

    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError> {
        download::open(&self.backend, permit, range).await
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.backend.erase(key).await
    }

    async fn list(&self, after: Option<String>, limit: u32) -> Result<ObjectPage, BlobError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.backend.list(after, limit).await
    }

    async fn delete_orphan(&self, path: &str) -> Result<(), BlobError> {
        self.backend.erase_stray(path).await
    }

    async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.backend.abort_stale_uploads(before).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        tokio::time::timeout(PING, self.backend.ping())
            .await
            .map_err(|late| BlobError::Unavailable(late.into()))?
    }
}
