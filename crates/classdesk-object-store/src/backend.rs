//! What a folder and a bucket have in common.

use std::sync::Arc;
use std::time::Instant;

use classdesk_domain::blobs::{BlobError, ObjectPage, StorageKey};
use classdesk_domain::clock::Timestamp;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use crate::bucket::Bucket;
use crate::failure::{self, Doing};
use crate::folder::Folder;
use crate::kept::KeptObjects;

/// The least part that S3 takes, unless it is the last one.
const S3_PART: u64 = 5 * 1024 * 1024;
/// The most parts that S3 takes is 10,000; some are left for rounding.
const S3_PARTS: u64 = 9_900;
/// A folder takes parts of any size.
const FOLDER_PART: u64 = 1024 * 1024;

/// Where the objects are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

/// The place, and the library's store through which objects are written and read there.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) place: Place,
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The small objects that many fetch.
    pub(crate) kept: Arc<KeptObjects>,
}

impl Backend {
    pub(crate) fn location(&self, key: &StorageKey) -> Result<Path, BlobError> {
        match &self.place {
            Place::Folder(_) => {
                Path::parse(key.as_str()).map_err(|error| BlobError::Backend(error.into()))
            }
            Place::Bucket(bucket) => bucket.location(key.as_str()),
        }
    }

    /// How many bytes a part of an upload has that may have `limit` bytes.
    pub(crate) fn part_size(&self, limit: u64) -> usize {
        let size = match self.place {
            Place::Folder(_) => FOLDER_PART,
            Place::Bucket(_) => S3_PART.max(limit.div_ceil(S3_PARTS)),
        };
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    pub(crate) async fn check_writable(&self, key: &StorageKey) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => {
                let key = key.clone();
                blocking(folder, move |folder| folder.check_writable(&key)).await
            }
            Place::Bucket(_) => Ok(()),
        }
    }

    /// Removes an object and whatever a write of it has left; what is not there is removed.
    pub(crate) async fn erase(&self, key: &StorageKey) -> Result<(), BlobError> {
        let erased = match &self.place {
            Place::Folder(folder) => {
                let key = key.clone();
                blocking(folder, move |folder| folder.erase(&key)).await
            }
            Place::Bucket(bucket) => self.erase_location(&bucket.location(key.as_str())?).await,
        };
        // Afterwards, when nobody begins to read it any more.
        self.kept.forget(key);
        erased
    }

    async fn erase_location(&self, location: &Path) -> Result<(), BlobError> {
        match self.objects.delete(location).await {
            Ok(()) => Ok(()),
            // The bucket is a different matter, and shows at the next write.
            Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failure::of_store(error, Doing::Writing)),
        }
    }

    pub(crate) async fn erase_stray(&self, path: &str) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => {
                let path = path.to_owned();
                blocking(folder, move |folder| folder.erase_stray(&path)).await
            }
            Place::Bucket(bucket) => self.erase_location(&bucket.location(path)?).await,
        }
    }

    pub(crate) async fn list(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<ObjectPage, BlobError> {
        match &self.place {
            Place::Folder(folder) => {
                blocking(folder, move |folder| folder.list(after.as_deref(), limit)).await
            }
            Place::Bucket(bucket) => bucket.list(&*self.objects, after.as_deref(), limit).await,
        }
    }

    pub(crate) async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.kept.forget_old(Instant::now());
        match &self.place {
            Place::Folder(folder) => {
                blocking(folder, move |folder| folder.abort_stale_uploads(before)).await
            }
            Place::Bucket(bucket) => bucket.abort_stale_uploads(before).await,
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => blocking(folder, Folder::ping).await,
            Place::Bucket(bucket) => bucket.ping().await,
        }
    }
}

/// Runs work on a folder off the async threads.
async fn blocking<T: Send + 'static>(
    folder: &Folder,
    work: impl FnOnce(&Folder) -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let folder = folder.clone();
    tokio::task::spawn_blocking(move || work(&folder))
        .await
        .map_err(|died| BlobError::Backend(died.into()))?
}
