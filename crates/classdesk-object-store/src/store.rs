//! The store of bytes that the domain sees.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ListedObject, ObjectStream, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::policy::ReadPermit;
use futures_util::TryStreamExt;
use object_store::ObjectStore;

use crate::backend::{Backend, Storage};
use crate::download;
use crate::local::LocalFolder;
use crate::location::StorageLocation;
use crate::options::ObjectStoreOptions;
use crate::s3::S3Bucket;
use crate::upload::{self, Turns};

/// How long the storage may take to show that it is there.
const PING: Duration = Duration::from_secs(10);

/// Bytes on a local folder or an S3 bucket. It has to be used within a tokio runtime.
pub struct ObjectStoreBlobs {
    storage: Arc<Storage>,
    turns: Turns,
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

impl ObjectStoreBlobs {
    /// Opens a storage, making a local folder if need be, and makes sure that it can be written.
    /// What is made lets its owner alone in.
    ///
    /// # Errors
    /// A [`ConnectError`] that says why it can't be used.
    pub async fn connect(
        location: &StorageLocation,
        options: &ObjectStoreOptions,
    ) -> Result<Self, ConnectError> {
        let opened = async {
            let blobs = Self::open(location, options, LocalFolder::open).await?;
            blobs.ping().await.map(|()| blobs)
        };
        opened.await.map_err(|source| ConnectError {
            location: location.clone(),
            source,
        })
    }

    /// Opens a storage that is there, and makes sure that it can be read. Nothing is written, so it
    /// needs no right to.
    ///
    /// # Errors
    /// A [`ConnectError`] that says why it can't be used.
    pub async fn connect_existing(
        location: &StorageLocation,
        options: &ObjectStoreOptions,
    ) -> Result<Self, ConnectError> {
        let opened = async {
            let blobs = Self::open(location, options, LocalFolder::open_existing).await?;
            let mut objects = blobs.list();
            in_time(objects.try_next()).await.map(|_| blobs)
        };
        opened.await.map_err(|source| ConnectError {
            location: location.clone(),
            source,
        })
    }

    async fn open(
        location: &StorageLocation,
        options: &ObjectStoreOptions,
        open_folder: fn(&Path) -> Result<LocalFolder, BlobError>,
    ) -> Result<Self, BlobError> {
        let (backend, objects) = match location {
            StorageLocation::Folder(path) => {
                let path = path.clone();
                let folder = tokio::task::spawn_blocking(move || open_folder(&path))
                    .await
                    .map_err(|panicked| BlobError::Backend(panicked.into()))??;
                let objects = folder.objects();
                (Backend::Local(folder), objects)
            }
            StorageLocation::Bucket { name, prefix } => {
                let bucket = S3Bucket::open(name, prefix, options)?;
                let objects = bucket.objects();
                (Backend::S3(bucket), objects)
            }
        };
        Ok(Self {
            storage: Arc::new(Storage { backend, objects }),
            turns: Turns::new(options),
        })
    }

    /// Puts a layer between this and the storage, for example one that counts, slows down or
    /// fails. Objects are written and read through it, and those of a bucket listed.
    #[must_use]
    pub fn with_layer(
        self,
        layer: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Self {
        let Storage { backend, objects } = Storage::clone(&self.storage);
        let objects = layer(objects);
        Self {
            storage: Arc::new(Storage { backend, objects }),
            turns: self.turns,
        }
    }
}

impl fmt::Debug for ObjectStoreBlobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectStoreBlobs({})", self.storage.objects)
    }
}

#[async_trait]
impl BlobStore for ObjectStoreBlobs {
    async fn put(
        &self,
        key: &StorageKey,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError> {
        upload::put(&self.storage, key, bytes, limit, &self.turns).await
    }

    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError> {
        download::open(&self.storage, permit, range).await
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.storage.erase(key.as_str()).await
    }

    fn list(&self) -> ObjectStream {
        self.storage.list()
    }

    async fn head(&self, path: &str) -> Result<Option<ListedObject>, BlobError> {
        self.storage.head(path).await
    }

    async fn delete_orphan(&self, path: &str) -> Result<(), BlobError> {
        self.storage.erase(path).await
    }

    async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.storage.abort_stale_uploads(before).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        in_time(self.storage.ping()).await
    }
}

/// Waits for an answer for as long as the storage may take to show that it is there.
async fn in_time<T>(answer: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
    tokio::time::timeout(PING, answer)
        .await
        .map_err(|late| BlobError::Unavailable(late.into()))?
}
