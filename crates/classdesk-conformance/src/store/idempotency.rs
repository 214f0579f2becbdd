//! Idempotency keys.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::idempotency::{
    Completed, Completion, Fingerprint, KEY_TTL, KeyScope, LEASE_TTL, Lease, Reservation,
};
use classdesk_domain::ids::IdempotencyId;
use classdesk_domain::people::UserUpdate;
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::threads::ParticipantAddition;
use futures_util::future::join_all;

use super::support::{assert_stale, completion, event, key_scope, log, reserve};
use crate::Fixture;
use crate::fixture::words;

const MICROSECOND: Duration = Duration::from_micros(1);

async fn state(store: &dyn Store, scope: &KeyScope, now: Timestamp) -> Reservation {
    store.reserve(scope, now).await.expect("answered")
}

async fn completed(store: &dyn Store, scope: &KeyScope, now: Timestamp) -> Completed {
    match state(store, scope, now).await {
        Reservation::Completed(completed) => completed,
        other => panic!("it should be completed, but: {other:?}"),
    }
}

/// Commits something that completes the lease.
async fn complete(store: &dyn Store, fixture: &Fixture, lease: Lease) -> Result<i64, StoreError> {
    let row = fixture.new_ticket(fixture.admin, None);
    let told = event(
        fixture,
        DomainEvent::TicketCreated {
            ticket: fixture.event_ticket(RowId::Created),
        },
    );
    let commit = Commit::new(row)
        .with_event(told)
        .completing(completion(lease));
    store
        .create_ticket(commit)
        .await
        .map(|ticket| ticket.id.get())
}

/// A key belongs to person and operation, runs, and is completed with what was created.
///
/// contract: conv.retries.replay, conv.retries.running
pub async fn a_key_is_reserved_and_completed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "k 1~");
    let lease = reserve(store, &fixture, "k 1~").await;
    assert_eq!(lease.attempt, 1);
    assert_eq!(
        state(store, &key, fixture.now()).await,
        Reservation::Running
    );
    for other in [
        key_scope(&fixture, "k 2~"),
        KeyScope {
            user: fixture.editor.id,
            ..key.clone()
        },
        KeyScope {
            operation: "POST /others/".to_owned(),
            ..key.clone()
        },
    ] {
        let found = state(store, &other, fixture.now()).await;
        assert!(
            matches!(found, Reservation::Reserved(_)),
            "{other:?}: {found:?}"
        );
    }
    let created = complete(store, &fixture, lease).await.expect("created");
    let found = completed(store, &key, fixture.now()).await;
    assert_eq!(found.object_id, created);
    assert_eq!(found.fingerprint, Fingerprint::of(b"a body"));
}

/// Of reservations at the same time one is made.
pub async fn one_of_many_reserves(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "key");
    let now = fixture.now();
    let found = join_all((0..12).map(|_| store.reserve(&key, now))).await;
    let reserved = found
        .iter()
        .filter(|found| matches!(found, Ok(Reservation::Reserved(_))))
        .count();
    let running = found
        .iter()
        .filter(|found| matches!(found, Ok(Reservation::Running)))
        .count();
    assert_eq!((reserved, running), (1, 11), "{found:?}");
    // The same for a key whose lease has ended.
    let later = now.plus(LEASE_TTL);
    let found = join_all((0..12).map(|_| store.reserve(&key, later))).await;
    let reserved = found
        .iter()
        .filter(|found| matches!(found, Ok(Reservation::Reserved(_))))
        .count();
    assert_eq!(reserved, 1, "{found:?}");
}

/// A lease ends by itself; who reserves anew has the next attempt, and who lost it can't commit.
///
/// contract: conv.retries.lease
pub async fn a_lease_ends(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "key");
    let first = reserve(store, &fixture, "key").await;
    let end = fixture.now().plus(LEASE_TTL);
    let before = end.minus(MICROSECOND);
    assert_eq!(state(store, &key, before).await, Reservation::Running);
    let Reservation::Reserved(second) = state(store, &key, end).await else {
        panic!("at its end the lease has ended");
    };
    let expected = Lease {
        attempt: 2,
        ..first
    };
    assert_eq!(second, expected);
    assert!(!store.renew(first, end).await.expect("answered"));
    store.release(first).await.expect("without effect");
    assert_eq!(
        state(store, &key, end).await,
        Reservation::Running,
        "the second has it"
    );
    assert_stale(&complete(store, &fixture, first).await, "a lost lease");
    assert_eq!(log(store).await, [], "nothing was told");
    let created = complete(store, &fixture, second).await.expect("created");
    let found = completed(store, &key, end).await;
    assert_eq!(found.object_id, created);
    assert_stale(
        &complete(store, &fixture, second).await,
        "a completed lease",
    );
    assert_eq!(log(store).await.len(), 1);
}

/// A lease that has ended can still commit while nobody else has the key.
pub async fn an_ended_lease_may_still_commit(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let lease = reserve(store, &fixture, "key").await;
    fixture.clock.advance(LEASE_TTL * 2);
    let created = complete(store, &fixture, lease).await;
    let found = completed(store, &key_scope(&fixture, "key"), fixture.now()).await;
    assert_eq!(found.object_id, created.expect("nobody else has it"));
}

/// A lease is renewed while it is held, and only then.
pub async fn a_lease_is_renewed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "key");
    let lease = reserve(store, &fixture, "key").await;
    let renewed_at = fixture.now().plus(LEASE_TTL).minus(MICROSECOND);
    assert!(store.renew(lease, renewed_at).await.expect("answered"));
    let end = renewed_at.plus(LEASE_TTL);
    assert_eq!(
        state(store, &key, end.minus(MICROSECOND)).await,
        Reservation::Running
    );
    assert!(
        !store.renew(lease, end).await.expect("answered"),
        "it has ended"
    );
    let other = Lease {
        attempt: 2,
        ..lease
    };
    assert!(
        !store.renew(other, renewed_at).await.expect("answered"),
        "another attempt"
    );
    let missing = Lease {
        id: IdempotencyId::new(9_999),
        attempt: 1,
    };
    assert!(
        !store.renew(missing, renewed_at).await.expect("answered"),
        "no reservation"
    );
    complete(store, &fixture, lease).await.expect("created");
    assert!(
        !store.renew(lease, renewed_at).await.expect("answered"),
        "it is completed"
    );
}

/// A released key is free at once; what is completed is not released.
pub async fn a_lease_is_released(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "key");
    let first = reserve(store, &fixture, "key").await;
    store.release(first).await.expect("released");
    store.release(first).await.expect("without effect");
    assert!(!store.renew(first, fixture.now()).await.expect("answered"));
    assert_stale(&complete(store, &fixture, first).await, "a released lease");
    let second = reserve(store, &fixture, "key").await;
    assert_eq!((second.id, second.attempt), (first.id, 2));
    complete(store, &fixture, second).await.expect("created");
    store.release(second).await.expect("without effect");
    completed(store, &key, fixture.now()).await;
}

/// A completed key is remembered for a day from its reservation.
///
/// contract: conv.retries.day
pub async fn a_completed_key_is_remembered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = key_scope(&fixture, "key");
    let lease = reserve(store, &fixture, "key").await;
    let end = fixture.now().plus(KEY_TTL);
    complete(store, &fixture, lease).await.expect("created");
    completed(store, &key, end.minus(MICROSECOND)).await;
    let Reservation::Reserved(anew) = state(store, &key, end).await else {
        panic!("after a day the key is free");
    };
    assert_eq!((anew.id, anew.attempt), (lease.id, 2));
    assert_eq!(state(store, &key, end).await, Reservation::Running);
    let created = complete(store, &fixture, anew).await.expect("created");
    let found = completed(store, &key, end).await;
    assert_eq!(found.object_id, created, "the old ticket is forgotten");
}

/// A completion remembers the row that was created, or else the one that was changed.
pub async fn a_completion_names_its_row(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut keys = Vec::new();
    let mut completes = async || {
        let key = format!("key {}", keys.len());
        let lease = reserve(store, &fixture, &key).await;
        keys.push(key);
        Some(Completion {
            lease,
            fingerprint: Fingerprint::of(b"another body"),
        })
    };
    let mut expected = Vec::new();
    // So that the ids of threads and messages differ.
    fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
    row.first_message = Some((words("Hello"), fixture.writer.id));
    let commit = Commit::new(row).completing(completes().await);
    let thread = store.open_thread(commit).await.expect("opened").thread.id;
    expected.push(thread.get());
    let row = fixture.new_message(thread, fixture.client);
    let commit = Commit::new(row).completing(completes().await);
    expected.push(store.post_message(commit).await.expect("sent").0.get());
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    fixture.add_note(store, ticket, fixture.client, false).await;
    let row = fixture.new_note(ticket, fixture.client, false);
    let commit = Commit::new(row).completing(completes().await);
    expected.push(store.add_ticket_message(commit).await.expect("added").get());
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).completing(completes().await);
    store.update_user(commit).await.expect("changed");
    expected.push(fixture.client.id.get());
    for _ in ["joins", "has joined already"] {
        let addition = ParticipantAddition {
            thread,
            user: fixture.editor.id,
            at: fixture.tick(),
            viewer: fixture.admin.id,
        };
        let commit = Commit::new(addition).completing(completes().await);
        store.add_participant(commit).await.expect("joined");
        expected.push(thread.get());
    }
    let mut named = Vec::new();
    for key in keys {
        let found = completed(store, &key_scope(&fixture, &key), fixture.now()).await;
        assert_eq!(found.fingerprint, Fingerprint::of(b"another body"));
        named.push(found.object_id);
    }
    assert_eq!(named, expected);
}
