//! What a folder and a bucket have in common.

use std::sync::Arc;

use classdesk_domain::blobs::{BlobError, ListedObject, ObjectStream, StorageKey};
use classdesk_domain::clock::Timestamp;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::failure::{self, Operation};
use crate::local::LocalFolder;
use crate::s3::S3Bucket;

/// The smallest part that S3 takes, unless it is the last one.
const S3_PART: u64 = 5 * 1024 * 1024;
/// S3 takes 10,000 parts at most; some are left for rounding.
const S3_PARTS: u64 = 9_900;
/// A folder takes parts of any size.
const LOCAL_PART: u64 = 1024 * 1024;

/// Where the objects are.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Local(LocalFolder),
    S3(S3Bucket),
}

/// The backend, and the library's store through which objects are written, read and listed.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) backend: Backend,
    pub(crate) objects: Arc<dyn ObjectStore>,
}

impl Storage {
    /// How many bytes a part of an upload has that may have `limit` bytes.
    pub(crate) fn part_size(&self, limit: u64) -> usize {
        let size = match self.backend {
            Backend::Local(_) => LOCAL_PART,
            Backend::S3(_) => S3_PART.max(limit.div_ceil(S3_PARTS)),
        };
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    pub(crate) async fn check_writable(&self, key: &StorageKey) -> Result<(), BlobError> {
        match &self.backend {
            Backend::Local(folder) => {
                let location = location(key.as_str())?;
                blocking(folder, move |folder| folder.check_writable(&location)).await
            }
            Backend::S3(_) => Ok(()),
        }
    }

    /// Removes an object and the remains of a write of it; a missing object counts as removed.
    pub(crate) async fn erase(&self, path: &str) -> Result<(), BlobError> {
        match &self.backend {
            Backend::Local(folder) => {
                let path = path.to_owned();
                blocking(folder, move |folder| folder.erase(&path)).await
            }
            Backend::S3(_) => match self.objects.delete(&location(path)?).await {
                // A missing bucket shows at the next write.
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failure::of_store(error, Operation::Write)),
            },
        }
    }

    pub(crate) fn list(&self) -> ObjectStream {
        match &self.backend {
            Backend::Local(folder) => folder.list(),
            Backend::S3(_) => {
                let objects = self.objects.list(None).map_ok(listed);
                objects
                    .map_err(|error| failure::of_store(error, Operation::Write))
                    .boxed()
            }
        }
    }

    pub(crate) async fn head(&self, path: &str) -> Result<Option<ListedObject>, BlobError> {
        match &self.backend {
            Backend::Local(folder) => {
                let path = path.to_owned();
                blocking(folder, move |folder| folder.head(&path)).await
            }
            Backend::S3(_) => match self.objects.head(&location(path)?).await {
                Ok(meta) => Ok(Some(listed(meta))),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(failure::of_store(error, Operation::Read)),
            },
        }
    }

    pub(crate) async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        match &self.backend {
            Backend::Local(folder) => {
                blocking(folder, move |folder| folder.abort_stale_uploads(before)).await
            }
            Backend::S3(bucket) => bucket.abort_stale_uploads(before).await,
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), BlobError> {
        match &self.backend {
            Backend::Local(folder) => blocking(folder, LocalFolder::ping).await,
            Backend::S3(bucket) => bucket.ping().await,
        }
    }
}

/// The library's path for a key or a listed path. It refuses what leads out of the storage.
pub(crate) fn location(path: &str) -> Result<Path, BlobError> {
    Path::parse(path).map_err(|error| BlobError::Backend(error.into()))
}

fn listed(meta: ObjectMeta) -> ListedObject {
    ListedObject {
        path: meta.location.into(),
        size: meta.size,
        modified_at: Timestamp::from_micros(meta.last_modified.timestamp_micros()),
    }
}

/// Runs work on a folder off the async threads.
async fn blocking<T: Send + 'static>(
    folder: &LocalFolder,
    work: impl FnOnce(&LocalFolder) -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || work(&folder))
        .await
        .map_err(|panicked| BlobError::Backend(panicked.into()))?
}
