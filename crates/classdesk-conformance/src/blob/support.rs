//! What the checks have in common: uploads of any size that are never held whole.

use std::sync::LazyLock;

use bytes::Bytes;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobPurpose, BlobStore, ByteRange, ByteStream, ListedObject, Sha256Digest,
    StorageKey, StoredBlob,
};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{BlobId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{FileAccess, FileAction, Permission, ReadPermit, permit_read};
use classdesk_domain::subjects::Parties;
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

/// How many bytes come at once.
pub(super) const PIECE: u64 = 64 * 1024;

/// More than any upload of these checks.
pub(super) const NO_LIMIT: u64 = u64::MAX;

/// The key that the checks call by this number.
pub(super) fn key(number: u8) -> StorageKey {
    StorageKey::fresh(BlobPurpose::BundleFile, [number; 32])
}

/// A piece of every upload: each begins with its number, so that no piece is like another.
fn piece(number: u64) -> Vec<u8> {
    static REST: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..PIECE).map(|at| (at * 31 % 251) as u8).collect());
    let mut piece = REST.clone();
    piece[..8].copy_from_slice(&number.to_le_bytes());
    piece
}

/// The bytes of every upload from `start` to before `end`.
pub(super) fn bytes(start: u64, end: u64) -> Bytes {
    let mut bytes = Vec::new();
    let mut at = start;
    while at < end {
        let (number, from) = (at / PIECE, at % PIECE);
        let to = PIECE.min(from + end - at);
        bytes.extend_from_slice(&piece(number)[from as usize..to as usize]);
        at += to - from;
    }
    bytes.into()
}

/// An upload of `size` bytes.
pub(super) fn upload(size: u64) -> ByteStream {
    let pieces =
        (0..size.div_ceil(PIECE)).map(move |n| Ok(bytes(n * PIECE, size.min((n + 1) * PIECE))));
    Box::pin(stream::iter(pieces))
}

/// The digest of an upload of `size` bytes.
pub(super) fn digest(size: u64) -> Sha256Digest {
    let mut digest = Sha256::new();
    for n in 0..size.div_ceil(PIECE) {
        digest.update(bytes(n * PIECE, size.min((n + 1) * PIECE)));
    }
    Sha256Digest::from_bytes(digest.finalize().into())
}

/// Stores an upload of `size` bytes.
pub(super) async fn put(store: &dyn BlobStore, number: u8, size: u64) -> BlobInfo {
    let stored = store.put(&key(number), upload(size), NO_LIMIT).await;
    stored.expect("the store takes it")
}

/// A permit of a user who may see everything.
pub(super) fn permit(number: u8, info: &BlobInfo) -> ReadPermit {
    let nobody = UserId::new(0);
    let access = FileAccess {
        parties: Parties {
            client: nobody,
            assigned_writer: None,
        },
        uploaded_by: nobody,
        visibility: Visibility::default(),
    };
    let blob = StoredBlob {
        id: BlobId::new(i64::from(number)),
        key: key(number),
        info: info.clone(),
    };
    let staff = Actor::new(UserId::new(1), Role::Editor);
    permit_read(&staff, &Permission::File(FileAction::See, access), blob)
        .expect("staff see all files")
}

/// What a read came to: its digest, its size, and how it ended.
pub(super) struct Read {
    pub(super) sha256: Sha256Digest,
    pub(super) size: u64,
    pub(super) end: Result<(), BlobError>,
}

/// Reads to the end without keeping anything.
pub(super) async fn read(
    store: &dyn BlobStore,
    permit: &ReadPermit,
    range: Option<ByteRange>,
) -> Read {
    let mut digest = Sha256::new();
    let mut size = 0;
    let end = async {
        let mut pieces = store.open(permit, range).await?;
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            digest.update(&piece);
        }
        Ok(())
    };
    let end = end.await;
    Read {
        sha256: Sha256Digest::from_bytes(digest.finalize().into()),
        size,
        end,
    }
}

/// Everything that is stored, by ascending path.
pub(super) async fn objects(store: &dyn BlobStore) -> Vec<ListedObject> {
    let objects = store.list().try_collect::<Vec<_>>().await;
    let mut objects = objects.expect("listed");
    objects.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    objects
}

/// The paths of everything that is stored, ascending.
pub(super) async fn paths(store: &dyn BlobStore) -> Vec<String> {
    let objects = objects(store).await.into_iter();
    objects.map(|object| object.path).collect()
}

/// Nothing is stored, and nothing can be read under the key.
pub(super) async fn assert_nothing_under(store: &dyn BlobStore, number: u8) {
    let info = BlobInfo {
        size: 1,
        sha256: digest(1),
        content_type: classdesk_domain::blobs::ContentType::unknown(),
    };
    let found = read(store, &permit(number, &info), None).await;
    assert!(
        matches!(found.end, Err(BlobError::Missing)),
        "{:?}",
        found.end
    );
    let path = key(number);
    let paths = paths(store).await;
    assert!(
        !paths.iter().any(|found| found == path.as_str()),
        "{paths:?}"
    );
}
