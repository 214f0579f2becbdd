//! Random histories, compared with the store in memory.
//!
//! Three seeds stand here so that every adapter runs them; more are for
//! [`check_same_history`].

use classdesk_domain::store::Store;

use crate::history::check_same_history;
use classdesk_memory::MemoryStore;

/// A history gives the answers that the store in memory gives.
pub async fn a_first_history_agrees(store: &dyn Store) {
    check_same_history(&MemoryStore::new(), store, 1, 300).await;
}

/// Another one.
pub async fn a_second_history_agrees(store: &dyn Store) {
    check_same_history(&MemoryStore::new(), store, 2, 300).await;
}

/// A longer one.
pub async fn a_long_history_agrees(store: &dyn Store) {
    check_same_history(&MemoryStore::new(), store, 3, 1_000).await;
}
