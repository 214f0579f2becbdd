//! A store of bytes that keeps everything in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ContentType, ListedObject, ObjectStream,
    Sha256Digest, StorageKey,
};
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::policy::ReadPermit;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use crate::FrozenClock;

/// The size of the pieces in which bytes are read.
const PIECE: usize = 64 * 1024;

/// A store of bytes in memory: as strict as the real ones, but nothing survives it, and its
/// memory grows with what is stored.
///
/// An object appears whole when its upload has ended, so an upload that breaks off leaves nothing.
pub struct MemoryBlobs {
    objects: Mutex<BTreeMap<String, Object>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Object {
    bytes: Bytes,
    modified_at: Timestamp,
}

impl Object {
    fn listed(&self, path: &str) -> ListedObject {
        ListedObject {
            path: path.to_owned(),
            size: self.bytes.len() as u64,
            modified_at: self.modified_at,
        }
    }
}

impl MemoryBlobs {
    /// An empty store that notes the times of this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            objects: Mutex::default(),
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something under a path without asking anything, as a disk or a stranger might: to
    /// damage an object, or to plant one that no row names.
    pub fn plant(&self, path: &str, bytes: impl Into<Bytes>) {
        let object = Object {
            bytes: bytes.into(),
            modified_at: self.clock.now(),
        };
        self.lock().insert(path.to_owned(), object);
    }
}

impl Default for MemoryBlobs {
    /// A store whose time stands still.
    fn default() -> Self {
        Self::new(Arc::new(FrozenClock::default()))
    }
}

impl std::fmt::Debug for MemoryBlobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lock().keys()).finish()
    }
}

fn info(bytes: &[u8]) -> BlobInfo {
    BlobInfo {
        size: bytes.len() as u64,
        sha256: Sha256Digest::from_bytes(Sha256::digest(bytes).into()),
        content_type: infer::get(bytes)
            .and_then(|kind| ContentType::parse(kind.mime_type()).ok())
            .unwrap_or_else(ContentType::unknown),
    }
}

/// The part of an object that a range names, and whether all of it is there.
fn part(bytes: &Bytes, range: ByteRange) -> (Bytes, bool) {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (place(range.start), place(range.end));
    let whole = range.end <= bytes.len() as u64;
    (bytes.slice(start..end.max(start)), whole)
}

fn pieces(bytes: Bytes, intact: bool) -> ByteStream {
    let count = bytes.len().div_ceil(PIECE);
    let pieces = (0..count).map(move |n| {
        let end = bytes.len().min((n + 1) * PIECE);
        Ok(bytes.slice(n * PIECE..end))
    });
    let damage = (!intact).then_some(Err(BlobError::Damaged));
    Box::pin(stream::iter(pieces.chain(damage)))
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(
        &self,
        key: &StorageKey,
        mut bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = bytes.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() as u64 > limit {
                return Err(BlobError::TooLarge { limit });
            }
        }
        if whole.is_empty() {
            return Err(BlobError::Empty);
        }
        let info = info(&whole);
        self.plant(key.as_str(), whole);
        Ok(info)
    }

    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError> {
        let object = self.lock().get(permit.key().as_str()).cloned();
        let bytes = object.ok_or(BlobError::Missing)?.bytes;
        let expected = permit.info();
        match range {
            Some(range) if range.start >= expected.size => Err(BlobError::RangeNotSatisfiable),
            Some(range) => {
                let (bytes, intact) = part(&bytes, range);
                Ok(pieces(bytes, intact))
            }
            None => {
                let found = info(&bytes);
                let intact = found.size == expected.size && found.sha256 == expected.sha256;
                Ok(pieces(bytes, intact))
            }
        }
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.delete_orphan(key.as_str()).await
    }

    fn list(&self) -> ObjectStream {
        let objects = self.lock();
        let listed = objects.iter().map(|(path, object)| Ok(object.listed(path)));
        Box::pin(stream::iter(listed.collect::<Vec<_>>()))
    }

    async fn head(&self, path: &str) -> Result<Option<ListedObject>, BlobError> {
        Ok(self.lock().get(path).map(|object| object.listed(path)))
    }

    async fn delete_orphan(&self, path: &str) -> Result<(), BlobError> {
        self.lock().remove(path);
        Ok(())
    }

    async fn abort_stale_uploads(&self, _before: Timestamp) -> Result<u64, BlobError> {
        Ok(0)
    }

    async fn ping(&self) -> Result<(), BlobError> {
        Ok(())
    }
}
