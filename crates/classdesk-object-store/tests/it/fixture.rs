//! A storage of its own for each test, and what tests do with one.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobPurpose, BlobStore, ByteRange, ByteStream, StorageKey, StoredBlob,
};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{BlobId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{FileAccess, FileAction, Permission, ReadPermit, permit_read};
use classdesk_domain::subjects::Parties;
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, S3Variables, StorageLocation};
use classdesk_s3_test_server::S3TestServer;
use futures_util::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

pub(crate) const LIMIT: u64 = 100 * 1024 * 1024;

/// A path in which a library might see more than a path.
const FOLDER: &str = "dätä #1 100%25/files";

/// Which storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    Bucket,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Folder, Kind::Bucket];

/// What keeps the storage there.
enum Keep {
    Folder(TempDir),
    Server(S3TestServer),
}

/// A storage of its own.
pub(crate) struct StorageFixture {
    pub(crate) blobs: Arc<ObjectStoreBlobs>,
    pub(crate) location: StorageLocation,
    pub(crate) options: ObjectStoreOptions,
    keep: Keep,
}

pub(crate) fn variables(endpoint: &str) -> S3Variables {
    S3Variables::from_pairs([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", S3TestServer::ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", S3TestServer::SECRET_ACCESS_KEY),
        ("AWS_REGION", "eu-central-1"),
    ])
}

/// Options under which a test does not wait long for what can't succeed.
pub(crate) fn impatient(s3: S3Variables) -> ObjectStoreOptions {
    ObjectStoreOptions {
        s3,
        retry_for: Duration::from_millis(200),
        ..ObjectStoreOptions::default()
    }
}

impl StorageFixture {
    pub(crate) async fn new(kind: Kind) -> Self {
        let (location, options, keep) = match kind {
            Kind::Folder => {
                let folder = TempDir::new().unwrap();
                let location = StorageLocation::Folder(folder.path().join(FOLDER));
                let options = impatient(S3Variables::default());
                (location, options, Keep::Folder(folder))
            }
            Kind::Bucket => {
                let server = S3TestServer::start().await.unwrap();
                server.create_bucket("school").unwrap();
                let location = "s3://school/some/prefix".parse().unwrap();
                let options = impatient(variables(&server.endpoint()));
                (location, options, Keep::Server(server))
            }
        };
        let blobs = ObjectStoreBlobs::connect(&location, &options)
            .await
            .unwrap();
        Self {
            blobs: Arc::new(blobs),
            location,
            options,
            keep,
        }
    }

    /// Another connection to the same storage.
    pub(crate) async fn connect(&self) -> ObjectStoreBlobs {
        ObjectStoreBlobs::connect(&self.location, &self.options)
            .await
            .unwrap()
    }

    /// What the server still does for its clients.
    pub(crate) fn busy(&self) -> usize {
        match &self.keep {
            Keep::Folder(_) => 0,
            Keep::Server(server) => server.busy(),
        }
    }

    /// The folder in which the objects are files.
    pub(crate) fn root(&self) -> PathBuf {
        match &self.keep {
            Keep::Folder(folder) => folder.path().join(FOLDER),
            Keep::Server(server) => server.root().join("school/some/prefix"),
        }
    }

    pub(crate) fn file(&self, key: &StorageKey) -> PathBuf {
        self.root().join(key.as_str())
    }

    /// The paths of all objects, ascending.
    pub(crate) async fn paths(&self) -> Vec<String> {
        paths(&self.blobs).await
    }

    /// Every file that holds uploaded bytes or is a trace of an upload, finished or not.
    pub(crate) fn traces(&self) -> Vec<PathBuf> {
        match &self.keep {
            Keep::Folder(folder) => files_below(folder.path()),
            // The server keeps facts about objects in files beside the buckets.
            Keep::Server(server) => files_below(server.root())
                .into_iter()
                .filter(|path| {
                    let name = path.to_string_lossy();
                    !name.ends_with(".internal.json")
                        && (!name.ends_with(".metadata.json") || name.contains(".upload-"))
                })
                .collect(),
        }
    }
}

impl Deref for StorageFixture {
    type Target = ObjectStoreBlobs;

    fn deref(&self) -> &ObjectStoreBlobs {
        &self.blobs
    }
}

/// The paths of all objects, ascending.
pub(crate) async fn paths(blobs: &ObjectStoreBlobs) -> Vec<String> {
    let listed: Vec<_> = blobs.list().try_collect().await.unwrap();
    let mut paths: Vec<_> = listed.into_iter().map(|object| object.path).collect();
    paths.sort_unstable();
    paths
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => found.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    found
}

/// A key that nothing else in this process has.
pub(crate) fn fresh_key() -> StorageKey {
    static KEYS: AtomicU64 = AtomicU64::new(1);
    let number = KEYS.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 32];
    random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let purpose = BlobPurpose::ALL[usize::try_from(number).unwrap() % BlobPurpose::ALL.len()];
    StorageKey::fresh(purpose, random)
}

/// Bytes that no two seeds share and in which nothing repeats.
pub(crate) fn content(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    Bytes::from(bytes)
}

/// A stream of these bytes in chunks of a size.
pub(crate) fn chunks(bytes: &Bytes, size: usize) -> ByteStream {
    let bytes = bytes.clone();
    let starts = (0..bytes.len()).step_by(size.max(1));
    let pieces: Vec<_> = starts
        .map(|start| Ok(bytes.slice(start..(start + size).min(bytes.len()))))
        .collect();
    Box::pin(stream::iter(pieces))
}

pub(crate) fn permit(key: &StorageKey, info: &BlobInfo) -> ReadPermit {
    let staff = Actor::new(UserId::new(1), Role::Superadmin);
    let access = FileAccess {
        parties: Parties {
            client: UserId::new(2),
            assigned_writer: None,
        },
        uploaded_by: UserId::new(2),
        visibility: Visibility {
            to_client: true,
            to_writer: true,
        },
    };
    let blob = StoredBlob {
        id: BlobId::new(1),
        key: key.clone(),
        info: info.clone(),
    };
    permit_read(&staff, &Permission::File(FileAction::See, access), blob).unwrap()
}

/// Reads a stream to its end: what came, and how it ended.
pub(crate) async fn drain(mut stream: ByteStream) -> (Vec<u8>, Result<(), BlobError>) {
    let mut read = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => read.extend_from_slice(&chunk),
            Err(error) => return (read, Err(error)),
        }
    }
    (read, Ok(()))
}

/// Opens and reads to the end; an error on the way is the answer.
pub(crate) async fn read(
    blobs: &ObjectStoreBlobs,
    permit: &ReadPermit,
    range: Option<ByteRange>,
) -> Result<Vec<u8>, BlobError> {
    let (bytes, end) = drain(blobs.open(permit, range).await?).await;
    end.map(|()| bytes)
}

/// Waits until a condition holds, and fails after half a minute.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .is_err()
    {
        panic!("{what} did not come true");
    }
}
