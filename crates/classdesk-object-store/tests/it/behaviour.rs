//! What both storages do alike.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobStore, ByteRange, StorageKey};
use classdesk_domain::policy::ReadPermit;
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::faults::{Fault, Faulty};
use crate::fixture::{
    KINDS, Kind, LIMIT, StorageFixture, chunks, content, drain, eventually, fresh_key, permit, read,
};

const MIB: usize = 1024 * 1024;
const NO_TRACE: [PathBuf; 0] = [];

async fn check_round_trip(stage: &StorageFixture, size: usize, chunk: usize) {
    let (key, bytes) = (fresh_key(), content(size as u64, size));
    let info = stage
        .blobs
        .put(&key, chunks(&bytes, chunk), LIMIT)
        .await
        .unwrap();
    assert_eq!(info.size, size as u64);
    let back = read(&stage.blobs, &permit(&key, &info), None)
        .await
        .unwrap();
    assert!(back == bytes, "{:?}, {size} bytes", stage.location);
}

#[tokio::test]
async fn every_size_comes_back_as_it_was() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        for size in [
            1,
            MIB - 1,
            MIB,
            MIB + 1,
            5 * MIB - 1,
            5 * MIB,
            5 * MIB + 1,
            12 * MIB,
        ] {
            check_round_trip(&stage, size, 100_000).await;
        }
        check_round_trip(&stage, 3000, 1).await;
        check_round_trip(&stage, 11 * MIB, 11 * MIB).await;
    }
}

#[tokio::test]
async fn a_chunk_may_be_empty_and_a_stream_may_not() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let key = fresh_key();
        let empty = stream::iter([Ok(Bytes::new()), Ok(Bytes::new())]);
        let refused = stage.blobs.put(&key, Box::pin(empty), LIMIT).await;
        assert!(matches!(refused, Err(BlobError::Empty)), "{refused:?}");
        let gaps = stream::iter([
            Ok("".into()),
            Ok("ab".into()),
            Ok("".into()),
            Ok("c".into()),
        ]);
        let info = stage.blobs.put(&key, Box::pin(gaps), LIMIT).await.unwrap();
        assert_eq!(
            read(&stage.blobs, &permit(&key, &info), None)
                .await
                .unwrap(),
            b"abc"
        );
    }
}

/// contract: conv.uploads.limit
#[tokio::test]
async fn the_limit_stops_the_reading() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let key = fresh_key();
        let exactly = content(1, 7 * MIB);
        let limit = exactly.len() as u64;
        let info = stage
            .blobs
            .put(&key, chunks(&exactly, 65_536), limit)
            .await
            .unwrap();
        assert_eq!(info.size, limit);
        stage.blobs.delete(&key).await.unwrap();

        let endless = stream::repeat_with(|| Ok(content(2, 65_536)));
        let refused = stage.blobs.put(&key, Box::pin(endless), limit).await;
        assert!(matches!(refused, Err(BlobError::TooLarge { limit: l }) if l == limit));
        assert_eq!(stage.traces(), NO_TRACE);
    }
}

#[tokio::test]
async fn ranges_are_exact() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let (key, bytes) = (fresh_key(), content(3, 300_000));
        let info = stage
            .blobs
            .put(&key, chunks(&bytes, 50_000), LIMIT)
            .await
            .unwrap();
        let permit = permit(&key, &info);
        for (start, end) in [
            (0, 1),
            (0, 300_000),
            (65_535, 65_537),
            (299_999, 300_000),
            (10, 250_000),
        ] {
            let range = ByteRange { start, end };
            let part = read(&stage.blobs, &permit, Some(range)).await.unwrap();
            let expected = &bytes[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
            assert!(part == expected, "{kind:?} {range:?}");
        }
        for (start, end) in [(300_000, 300_001), (5, 5), (7, 6), (299_999, 300_001)] {
            let refused = read(&stage.blobs, &permit, Some(ByteRange { start, end })).await;
            assert!(
                matches!(refused, Err(BlobError::RangeNotSatisfiable)),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_is_damage() {
    for kind in KINDS {
        for (size, at) in [(1, 0), (70_000, 0), (400_000, 399_999), (400_000, 123_456)] {
            let stage = StorageFixture::new(kind).await;
            let (key, bytes) = (fresh_key(), content(4, size));
            let info = stage
                .blobs
                .put(&key, chunks(&bytes, 50_000), LIMIT)
                .await
                .unwrap();
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0x10;
            std::fs::write(stage.file(&key), damaged).unwrap();
            let opened = stage.blobs.open(&permit(&key, &info), None).await.unwrap();
            let (_, end) = drain(opened).await;
            assert!(
                matches!(end, Err(BlobError::Damaged)),
                "{kind:?} {size}: {end:?}"
            );
        }
    }
}

/// Stores an object of so many bytes.
async fn stored(stage: &StorageFixture, size: usize) -> (StorageKey, Bytes, ReadPermit) {
    let (key, bytes) = (fresh_key(), content(5, size));
    let upload = chunks(&bytes, 50_000);
    let info = stage.blobs.put(&key, upload, LIMIT).await.unwrap();
    let permit = permit(&key, &info);
    (key, bytes, permit)
}

#[tokio::test]
async fn damage_to_a_file_that_was_just_read_is_found() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes, permit) = stored(&stage, MIB).await;
    assert_eq!(read(&stage.blobs, &permit, None).await.unwrap(), bytes);
    let mut damaged = bytes.to_vec();
    damaged[MIB - 1] ^= 0x10;
    let mut meanwhile = stage.blobs.open(&permit, None).await.unwrap();
    meanwhile.next().await.unwrap().unwrap();
    std::fs::write(stage.file(&key), damaged).unwrap();
    let (_, end) = drain(meanwhile).await;
    assert!(matches!(end, Err(BlobError::Damaged)), "{end:?}");
    let afterwards = read(&stage.blobs, &permit, None).await;
    assert!(
        matches!(afterwards, Err(BlobError::Damaged)),
        "{afterwards:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_is_read_is_read_to_its_end() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes, permit) = stored(&stage, MIB).await;
    let meanwhile = stage.blobs.open(&permit, None).await.unwrap();
    stage.blobs.delete(&key).await.unwrap();
    let (read, end) = drain(meanwhile).await;
    end.unwrap();
    assert_eq!(read, bytes);
}

#[tokio::test]
async fn damage_is_found_at_every_read() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let (key, bytes, permit) = stored(&stage, 100_000).await;
        let mut damaged = bytes.to_vec();
        damaged[99_999] ^= 0x10;
        std::fs::write(stage.file(&key), damaged).unwrap();
        for _ in 0..3 {
            let end = read(&stage.blobs, &permit, None).await;
            assert!(matches!(end, Err(BlobError::Damaged)), "{kind:?}: {end:?}");
        }
        std::fs::write(stage.file(&key), &bytes).unwrap();
        assert_eq!(read(&stage.blobs, &permit, None).await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn an_object_of_another_size_is_damaged_from_the_start() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        for (now, range) in [
            (99_999, None),
            (100_001, None),
            (0, None),
            (99_999, Some(ByteRange { start: 0, end: 10 })),
            (50, Some(ByteRange { start: 70, end: 80 })),
            (75, Some(ByteRange { start: 70, end: 80 })),
        ] {
            let (key, bytes) = (fresh_key(), content(5, 100_000));
            let info = stage
                .blobs
                .put(&key, chunks(&bytes, 50_000), LIMIT)
                .await
                .unwrap();
            std::fs::write(stage.file(&key), content(5, now)).unwrap();
            let end = read(&stage.blobs, &permit(&key, &info), range).await;
            assert!(
                matches!(end, Err(BlobError::Damaged)),
                "{kind:?} {now} {range:?}: {end:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_is_cut_while_it_is_read_ends_in_an_error() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes) = (fresh_key(), content(6, MIB));
    let info = stage
        .blobs
        .put(&key, chunks(&bytes, 50_000), LIMIT)
        .await
        .unwrap();
    for range in [
        None,
        Some(ByteRange {
            start: 0,
            end: MIB as u64 - 1,
        }),
    ] {
        std::fs::write(stage.file(&key), &bytes).unwrap();
        let mut opened = stage.blobs.open(&permit(&key, &info), range).await.unwrap();
        assert!(opened.next().await.unwrap().is_ok());
        std::fs::write(stage.file(&key), &bytes[..MIB / 2]).unwrap();
        let (_, end) = drain(opened).await;
        assert!(matches!(end, Err(BlobError::Damaged)), "{end:?}");
    }
}

#[tokio::test]
async fn a_missing_object_is_missing_and_counts_as_deleted() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let (key, bytes) = (fresh_key(), content(7, 1000));
        let info = stage
            .blobs
            .put(&key, chunks(&bytes, 100), LIMIT)
            .await
            .unwrap();
        stage.blobs.delete(&key).await.unwrap();
        stage.blobs.delete(&key).await.unwrap();
        for range in [None, Some(ByteRange { start: 0, end: 1 })] {
            let missing = read(&stage.blobs, &permit(&key, &info), range).await;
            assert!(
                matches!(missing, Err(BlobError::Missing)),
                "{kind:?}: {missing:?}"
            );
        }
        assert_eq!(stage.traces(), NO_TRACE);
    }
}

#[tokio::test]
async fn a_listing_is_complete() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let mut expected = Vec::new();
        for _ in 0..23 {
            let key = fresh_key();
            stage
                .blobs
                .put(&key, chunks(&content(8, 10), 10), LIMIT)
                .await
                .unwrap();
            expected.push(key.as_str().to_owned());
        }
        // Strays may be anywhere.
        for stray in [
            "a",
            "class_bundles/b",
            "class_bundles/files/0",
            "class_bundles.txt",
            "z/y/x",
        ] {
            let path = stage.root().join(stray);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "stray").unwrap();
            expected.push(stray.to_owned());
        }
        expected.sort();
        assert_eq!(stage.paths().await, expected, "{kind:?}");
        for stray in ["a", "class_bundles/files/0", "z/y/x", "z/y/x", "not/there"] {
            stage.blobs.delete_orphan(stray).await.unwrap();
        }
        assert_eq!(stage.paths().await.len(), expected.len() - 3);
    }
}

#[tokio::test]
async fn a_ping_leaves_nothing() {
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        stage.blobs.ping().await.unwrap();
        assert_eq!(stage.traces(), NO_TRACE);
    }
}

/// A storage that writes one part at once, for which others wait so long.
async fn one_by_one(stage: &StorageFixture, longest_wait: Duration) -> ObjectStoreBlobs {
    let options = ObjectStoreOptions {
        concurrent_writes: 1,
        request_timeout: longest_wait,
        ..stage.options.clone()
    };
    ObjectStoreBlobs::connect(&stage.location, &options)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_slow_client_keeps_no_other_upload_waiting() {
    const PATIENCE: Duration = Duration::from_secs(30);
    for kind in KINDS {
        let stage = StorageFixture::new(kind).await;
        let blobs = one_by_one(&stage, PATIENCE).await;
        let (slow, fast) = (fresh_key(), fresh_key());
        let bytes = content(9, 6 * MIB);
        let stands_still = Arc::new(AtomicBool::new(false));
        let says_so = Arc::clone(&stands_still);
        let silence = stream::poll_fn(move |_| {
            says_so.store(true, Ordering::SeqCst);
            Poll::Pending
        });
        let begun = chunks(&bytes, 65_536).chain(silence);
        let mut stuck = Box::pin(blobs.put(&slow, Box::pin(begun), LIMIT));
        tokio::select! {
            _ = &mut stuck => panic!("its stream never ends"),
            () = eventually("a pause", || stands_still.load(Ordering::SeqCst)) => {}
        }
        let other = blobs.put(&fast, chunks(&bytes, 65_536), LIMIT);
        tokio::select! {
            _ = &mut stuck => panic!("its stream never ends"),
            info = timeout(PATIENCE, other) => {
                let info = info.expect("there is a turn for it").unwrap();
                assert_eq!(info.size, bytes.len() as u64, "{kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_upload_whose_turn_does_not_come_is_answered() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let blobs = one_by_one(&stage, Duration::from_millis(100)).await;
    let blobs = blobs.with_layer(|inner| Arc::new(Faulty::at(0, Fault::NoAnswer, inner)));
    let (first, second) = (fresh_key(), fresh_key());
    let bytes = content(9, 10);
    // One of the two is being written, and will be for good.
    let answered = tokio::select! {
        answered = blobs.put(&first, chunks(&bytes, 10), LIMIT) => answered,
        answered = blobs.put(&second, chunks(&bytes, 10), LIMIT) => answered,
    };
    assert!(
        matches!(answered, Err(BlobError::Unavailable(_))),
        "{answered:?}"
    );
}
