//! Opening bytes.

use classdesk_domain::blobs::{BlobError, BlobInfo, BlobStore, ByteRange};

use super::support::{assert_nothing_under, bytes, digest, permit, put, read};

const SIZE: u64 = 300_000;

/// Every range within the object is read, and no byte more.
///
/// contract: conv.downloads.http
pub async fn ranges_are_read(store: &dyn BlobStore) {
    use sha2::{Digest, Sha256};
    let info = put(store, 1, SIZE).await;
    for (start, end) in [
        (0, 1),
        (0, SIZE),
        (1, 2),
        (SIZE - 1, SIZE),
        (65_535, 65_537),
        (8_191, 131_073),
        (100_000, SIZE),
    ] {
        let range = ByteRange { start, end };
        let found = read(store, &permit(1, &info), Some(range)).await;
        found.end.expect("the range is there");
        assert_eq!(found.size, end - start, "{range:?}");
        let expected: [u8; 32] = Sha256::digest(bytes(start, end)).into();
        assert_eq!(found.sha256.as_bytes(), &expected, "{range:?}");
    }
}

/// A range that begins beyond the end, and one of which bytes are lacking, end in an error.
pub async fn lacking_bytes_are_an_error(store: &dyn BlobStore) {
    let info = put(store, 1, SIZE).await;
    for start in [SIZE, SIZE + 1, SIZE * 2] {
        let range = ByteRange {
            start,
            end: start + 1,
        };
        let found = read(store, &permit(1, &info), Some(range)).await;
        assert!(
            matches!(found.end, Err(BlobError::RangeNotSatisfiable)),
            "{range:?}: {:?}",
            found.end
        );
    }
    // The row says that there are more bytes than there are.
    let longer = BlobInfo {
        size: SIZE * 2,
        ..info
    };
    for start in [SIZE - 1, SIZE, SIZE + 1] {
        let range = ByteRange {
            start,
            end: SIZE + 10,
        };
        let found = read(store, &permit(1, &longer), Some(range)).await;
        assert!(found.end.is_err(), "{range:?} ended well");
    }
}

/// A whole read does not end well when size or digest are not the permit's.
pub async fn damage_is_noticed(store: &dyn BlobStore) {
    let info = put(store, 1, SIZE).await;
    for (what, wrong) in [
        (
            "another digest",
            BlobInfo {
                sha256: digest(SIZE - 1),
                ..info.clone()
            },
        ),
        (
            "bytes are lacking",
            BlobInfo {
                size: SIZE + 1,
                ..info.clone()
            },
        ),
        (
            "bytes are too many",
            BlobInfo {
                size: SIZE - 1,
                ..info.clone()
            },
        ),
        (
            "the beginning of it",
            BlobInfo {
                size: SIZE - 1,
                sha256: digest(SIZE - 1),
                ..info.clone()
            },
        ),
    ] {
        let found = read(store, &permit(1, &wrong), None).await;
        assert!(
            matches!(found.end, Err(BlobError::Damaged)),
            "{what}: {:?}",
            found.end
        );
    }
    let found = read(store, &permit(1, &info), None).await;
    found.end.expect("with the right permit it is intact");
}

/// What is not there is missing, whole and in ranges.
pub async fn a_missing_object_is_missing(store: &dyn BlobStore) {
    assert_nothing_under(store, 1).await;
    let info = put(store, 2, 10).await;
    let range = ByteRange { start: 0, end: 1 };
    let found = read(store, &permit(1, &info), Some(range)).await;
    assert!(
        matches!(found.end, Err(BlobError::Missing)),
        "{:?}",
        found.end
    );
}

/// Objects are independent of each other, also when they are read at the same time.
pub async fn objects_are_independent(store: &dyn BlobStore) {
    let small = put(store, 1, 1_000).await;
    let large = put(store, 2, SIZE).await;
    let (small_permit, large_permit) = (permit(1, &small), permit(2, &large));
    let (first, second) = futures_util::future::join(
        read(store, &small_permit, None),
        read(store, &large_permit, None),
    )
    .await;
    first.end.expect("readable");
    second.end.expect("readable");
    assert_eq!((first.sha256, second.sha256), (small.sha256, large.sha256));
}
