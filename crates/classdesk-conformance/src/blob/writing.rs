//! Storing bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobStore, ByteStream};
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;

use super::support::{
    NO_LIMIT, PIECE, assert_nothing_under, bytes, digest, key, permit, put, read, upload,
};

const MIB: u64 = 1024 * 1024;

async fn check_size(store: &dyn BlobStore, number: u8, size: u64) {
    let info = put(store, number, size).await;
    assert_eq!(
        (info.size, info.sha256),
        (size, digest(size)),
        "{size} bytes"
    );
    let found = read(store, &permit(number, &info), None).await;
    found.end.expect("what was stored can be read");
    assert_eq!(
        (found.size, found.sha256),
        (size, info.sha256),
        "{size} bytes"
    );
}

/// One byte, and sizes around 5 MiB, the least part of a multipart upload to S3.
pub async fn small_uploads_are_stored(store: &dyn BlobStore) {
    let sizes = [1, PIECE, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1];
    for (number, size) in (1..).zip(sizes) {
        check_size(store, number, size).await;
    }
}

/// A large one, of many parts.
pub async fn a_large_upload_is_stored(store: &dyn BlobStore) {
    check_size(store, 1, 64 * MIB).await;
}

/// Pieces of any size, empty ones among them, are one upload.
pub async fn pieces_may_be_of_any_size(store: &dyn BlobStore) {
    let cuts = [0, 0, 1, 2, 2, 3, 70_000, 70_000, 200_000, 200_001];
    let pieces: Vec<_> = cuts
        .windows(2)
        .map(|cut| Ok(bytes(cut[0], cut[1])))
        .collect();
    let stored = store
        .put(&key(1), Box::pin(stream::iter(pieces)), NO_LIMIT)
        .await;
    let info = stored.expect("stored");
    assert_eq!((info.size, info.sha256), (200_001, digest(200_001)));
    let found = read(store, &permit(1, &info), None).await;
    found.end.expect("readable");
    assert_eq!(found.sha256, info.sha256);
}

/// A stream without bytes is refused, with and without pieces.
pub async fn an_empty_upload_is_refused(store: &dyn BlobStore) {
    let without = upload(0);
    let with: ByteStream = Box::pin(stream::iter([Ok(Bytes::new()), Ok(Bytes::new())]));
    for source in [without, with] {
        let refused = store.put(&key(1), source, NO_LIMIT).await;
        assert!(matches!(refused, Err(BlobError::Empty)), "{refused:?}");
        assert_nothing_under(store, 1).await;
    }
}

/// Exactly the limit is accepted, one byte more is not.
///
/// contract: conv.uploads.limit
pub async fn the_limit_is_exact(store: &dyn BlobStore) {
    for (number, limit) in (1..).zip([1, PIECE, 5 * MIB, 5 * MIB + 17]) {
        let stored = store.put(&key(number), upload(limit), limit).await;
        assert_eq!(stored.expect("exactly the limit").size, limit);
        let number = number + 100;
        let refused = store.put(&key(number), upload(limit + 1), limit).await;
        assert!(
            matches!(refused, Err(BlobError::TooLarge { limit: named }) if named == limit),
            "{refused:?}"
        );
        assert_nothing_under(store, number).await;
    }
}

/// Reading stops as soon as the limit is passed.
pub async fn reading_stops_at_the_limit(store: &dyn BlobStore) {
    let pulled = Arc::new(AtomicU64::new(0));
    let counter = pulled.clone();
    let endless = stream::repeat_with(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(bytes(0, PIECE))
    });
    let refused = store.put(&key(1), Box::pin(endless), 10 * PIECE + 1).await;
    assert!(
        matches!(refused, Err(BlobError::TooLarge { .. })),
        "{refused:?}"
    );
    assert_eq!(
        pulled.load(Ordering::SeqCst),
        11,
        "pieces were read beyond the limit"
    );
    assert_nothing_under(store, 1).await;
}

/// A source that breaks off leaves nothing, however far it came.
///
/// contract: conv.uploads.gone
pub async fn an_interrupted_upload_leaves_nothing(store: &dyn BlobStore) {
    for (number, size) in (1..).zip([0, 1, 5 * MIB, 12 * MIB]) {
        let broken = stream::once(async { Err(BlobError::Interrupted("gone".into())) });
        let source = upload(size).chain(broken);
        let refused = store.put(&key(number), Box::pin(source), NO_LIMIT).await;
        assert!(
            matches!(refused, Err(BlobError::Interrupted(_))),
            "{refused:?}"
        );
        assert_nothing_under(store, number).await;
    }
}

/// An upload that is given up while it waits for more leaves nothing.
///
/// contract: conv.uploads.gone
pub async fn an_abandoned_upload_leaves_nothing(store: &dyn BlobStore) {
    for (number, size) in (1..).zip([1, 12 * MIB]) {
        let reached = Arc::new(Notify::new());
        let signal = reached.clone();
        let silence = stream::once(async move {
            signal.notify_one();
            std::future::pending().await
        });
        let source = upload(size).chain(silence);
        let key = key(number);
        let upload = store.put(&key, Box::pin(source), NO_LIMIT);
        tokio::select! {
            ended = upload => panic!("it can't have ended: {ended:?}"),
            () = reached.notified() => {}
        }
        assert_nothing_under(store, number).await;
    }
}

/// The type is sniffed from the bytes, however they are cut; what nobody knows is unknown.
///
/// contract: conv.uploads.type
pub async fn the_type_is_sniffed(store: &dyn BlobStore) {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0".as_slice();
    let pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n".as_slice();
    let other = b"\x01\x02\x03\x04 nothing in particular".as_slice();
    for (number, (content, expected)) in (1..).zip([
        (png, "image/png"),
        (pdf, "application/pdf"),
        (other, "application/octet-stream"),
    ]) {
        let whole = vec![Ok(Bytes::copy_from_slice(content))];
        let cut: Vec<_> = content
            .chunks(1)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        for (number, pieces) in [(number, whole), (number + 100, cut)] {
            let source = Box::pin(stream::iter(pieces));
            let stored = store
                .put(&key(number), source, NO_LIMIT)
                .await
                .expect("stored");
            assert_eq!(stored.content_type.as_str(), expected);
        }
    }
}
