//! A store of bytes in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobStore, ByteRange, ByteStream, ContentType, ListedObject, ObjectPage,
    Sha256Digest, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::policy::ReadPermit;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

/// The bytes by key. It keeps what the shell needs of the port: limits, ranges and digests.
#[derive(Default)]
pub(crate) struct MemoryBlobs {
    objects: Mutex<BTreeMap<String, Bytes>>,
    down: std::sync::atomic::AtomicBool,
}

impl MemoryBlobs {
    /// How many objects there are.
    pub(crate) fn count(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    /// Makes the storage unreachable.
    pub(crate) fn take_down(&self) {
        self.down.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    fn check_up(&self) -> Result<(), BlobError> {
        if self.down.load(std::sync::atomic::Ordering::SeqCst) {
            Err(BlobError::Unavailable(
                "the storage at 10.9.8.7 is gone".into(),
            ))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(
        &self,
        key: &StorageKey,
        mut bytes: ByteStream,
        limit: u64,
    ) -> Result<BlobInfo, BlobError> {
        self.check_up()?;
        let mut whole = BytesMut::new();
        while let Some(chunk) = bytes.next().await {
            whole.extend_from_slice(&chunk?);
            if whole.len() as u64 > limit {
                return Err(BlobError::TooLarge { limit });
            }
        }
        if whole.is_empty() {
            return Err(BlobError::Empty);
        }
        let info = BlobInfo {
            size: whole.len() as u64,
            sha256: Sha256Digest::from_bytes(Sha256::digest(&whole).into()),
            content_type: ContentType::unknown(),
        };
        let mut objects = self.objects.lock().unwrap();
        objects.insert(key.as_str().to_owned(), whole.freeze());
        Ok(info)
    }

    async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, BlobError> {
        self.check_up()?;
        let objects = self.objects.lock().unwrap();
        let whole = objects
            .get(permit.key().as_str())
            .ok_or(BlobError::Missing)?;
        let bytes = match range {
            None => whole.clone(),
            Some(range) => whole.slice(range.start as usize..range.end as usize),
        };
        Ok(Box::pin(stream::iter([Ok(bytes)])))
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.objects.lock().unwrap().remove(key.as_str());
        Ok(())
    }

    async fn list(&self, after: Option<String>, limit: u32) -> Result<ObjectPage, BlobError> {
        let objects = self.objects.lock().unwrap();
        let mut found = objects
            .iter()
            .filter(|(path, _)| after.as_ref().is_none_or(|after| *path > after))
            .map(|(path, bytes)| ListedObject {
                path: path.clone(),
                size: bytes.len() as u64,
                modified_at: Timestamp::from_micros(0),
            });
        let page: Vec<_> = found.by_ref().take(limit as usize).collect();
        Ok(ObjectPage {
            objects: page,
            more: found.next().is_some(),
        })
    }

    async fn delete_stray(&self, path: &str) -> Result<(), BlobError> {
        self.objects.lock().unwrap().remove(path);
        Ok(())
    }

    async fn purge_unfinished(&self, _: Timestamp) -> Result<u64, BlobError> {
        Ok(0)
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.check_up()
    }
}
