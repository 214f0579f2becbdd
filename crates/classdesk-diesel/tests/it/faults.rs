//! What is asked alike of a damaged database, whichever it is.

use classdesk_conformance::Fixture;
use classdesk_domain::store::{Store, StoreError};

/// Expects a client whose row can't be read, and everybody else as well as before.
pub(crate) async fn check_only_the_client_is_corrupt(store: &dyn Store, fixture: &Fixture) {
    let found = store.user(fixture.client.id).await;
    assert!(
        matches!(found, Err(StoreError::Corrupt { .. })),
        "{found:?}"
    );
    store
        .user(fixture.writer.id)
        .await
        .unwrap()
        .expect("the others are well");
}
