//! What links are signed with.

use classdesk_domain::links::LinkKey;
use classdesk_domain::store::Store;
use futures_util::future::join_all;

const DAY: i64 = 20_500;

async fn keep(store: &dyn Store, day: i64, byte: u8) -> LinkKey {
    let key = LinkKey::from_bytes(day, [byte; 32]);
    store.keep_link_key(key).await.expect("kept")
}

async fn key(store: &dyn Store, day: i64) -> Option<LinkKey> {
    store.link_key(day).await.expect("answered")
}

/// Of several keys for a day one is kept, and everybody gets it.
///
/// contract: links.key
pub async fn a_day_has_one_key(store: &dyn Store) {
    assert_eq!(key(store, DAY).await, None);
    let kept = join_all((1..=8).map(|byte| keep(store, DAY, byte))).await;
    let first = key(store, DAY).await.expect("there is one");
    assert!(kept.iter().all(|each| *each == first), "{kept:?}");
    assert_eq!(keep(store, DAY, 9).await, first);
    assert_eq!(first.day, DAY);
    assert_ne!(*first.as_bytes(), [9; 32]);
}

/// Of the days before, only the last one has a key.
///
/// contract: links.key
pub async fn old_keys_go(store: &dyn Store) {
    for day in DAY - 3..=DAY {
        keep(store, day, 1).await;
    }
    for (day, is_there) in [(DAY - 2, false), (DAY - 1, true), (DAY, true)] {
        assert_eq!(key(store, day).await.is_some(), is_there, "{day}");
    }
}
