//! Removing and listing.

use classdesk_domain::blobs::{BlobPurpose, BlobStore, StorageKey};
use classdesk_domain::clock::Timestamp;

use super::support::{
    NO_LIMIT, assert_nothing_under, key, objects, paths, permit, put, read, upload,
};

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

/// A listing has every object once.
pub async fn objects_are_listed(store: &dyn BlobStore) {
    assert_eq!(objects(store).await, []);
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
    let listed = objects(store).await;
    let found: Vec<_> = listed
        .iter()
        .map(|object| (object.path.clone(), object.size))
        .collect();
    assert_eq!(found, expected);
    for object in listed {
        let alone = store.head(&object.path).await.expect("the store answers");
        let alone = alone.expect("a listed object is there");
        assert_eq!((alone.path, alone.size), (object.path, object.size));
    }
    let gone = store.head(key(9).as_str()).await;
    assert_eq!(gone.expect("the store answers"), None);
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
