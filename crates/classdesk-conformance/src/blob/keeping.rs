//! Removing and listing.

use classdesk_domain::blobs::{BlobPurpose, BlobStore, StorageKey};
use classdesk_domain::clock::Timestamp;

use super::support::{NO_LIMIT, assert_nothing_under, key, paths, permit, put, read, upload};

/// Removing removes, twice is once, and others stay.
pub async fn removing_twice_is_once(store: &dyn BlobStore) {
    put(store, 1, 10).await;
    let other = put(store, 2, 10).await;
    for _ in ["there", "gone"] {
        store.delete(&key(1)).await.expect("removed");
        assert_nothing_under(store, 1).await;
    }
    store
        .delete(&key(3))
        .await
        .expect("one that never was counts as removed");
    let found = read(store, &permit(2, &other), None).await;
    found.end.expect("the other one stays");
}

/// A listing has every object once, by ascending path, in pages.
pub async fn objects_are_listed(store: &dyn BlobStore) {
    let empty = store.list(None, 10).await.expect("listed");
    assert!(empty.objects.is_empty() && !empty.more);
    let mut expected = Vec::new();
    for (number, purpose) in (1..).zip(BlobPurpose::ALL) {
        for second in 0..3 {
            let key = StorageKey::fresh(*purpose, [number * 16 + second; 32]);
            let size = u64::from(number * 10 + second);
            store
                .put(&key, upload(size), NO_LIMIT)
                .await
                .expect("stored");
            expected.push((key.as_str().to_owned(), size));
        }
    }
    expected.sort_unstable();
    for limit in [1, 2, 4, 9, 100] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.list(after.take(), limit).await.expect("listed");
            assert!(page.objects.len() <= limit as usize, "a page is too long");
            let listed = page.objects.iter();
            seen.extend(listed.map(|object| (object.path.clone(), object.size)));
            if !page.more {
                break;
            }
            after = page.objects.last().map(|object| object.path.clone());
            assert!(after.is_some(), "an empty page has more after it");
        }
        assert_eq!(seen, expected, "in pages of {limit}");
    }
}

/// An object that no row names is removed by the path that the listing gave.
pub async fn strays_are_removed(store: &dyn BlobStore) {
    put(store, 1, 10).await;
    put(store, 2, 10).await;
    let listed = paths(store).await;
    assert_eq!(listed.len(), 2);
    store.delete_orphan(&listed[0]).await.expect("removed");
    assert_eq!(paths(store).await, listed[1..]);
}

/// Purging what broke off leaves what is stored.
pub async fn purging_leaves_what_is_stored(store: &dyn BlobStore) {
    let info = put(store, 1, 6 * 1024 * 1024).await;
    let future = Timestamp::from_micros(i64::MAX);
    assert_eq!(store.abort_stale_uploads(future).await.expect("purged"), 0);
    let found = read(store, &permit(1, &info), None).await;
    found.end.expect("it stays");
}

/// The store answers.
pub async fn the_store_answers(store: &dyn BlobStore) {
    store.ping().await.expect("it can be reached and written");
    assert_eq!(
        paths(store).await,
        [] as [String; 0],
        "asking leaves nothing behind"
    );
}
