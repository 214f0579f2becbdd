//! Looking after the store itself.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::idempotency::{KEY_TTL, LEASE_TTL, Reservation};
use classdesk_domain::ids::TicketId;
use classdesk_domain::people::{LoginAttempt, LoginLimits, LoginThrottle};
use classdesk_domain::store::{Commit, RetentionCutoffs, Store};

use super::sessions::{start, tokens_alive};
use super::support::{all, attempt, completion, key_scope, reserve, scope};
use crate::Fixture;

/// Nothing has outlived its use.
pub(super) const NOTHING: RetentionCutoffs = RetentionCutoffs {
    sessions_expired_by: Timestamp::from_micros(0),
    sessions_idle_since: Timestamp::from_micros(0),
    login_failures_before: Timestamp::from_micros(0),
    login_networks_before: Timestamp::from_micros(0),
    deliveries_arrived_before: Timestamp::from_micros(0),
    deliveries_ended_before: Timestamp::from_micros(0),
    idempotency_expired_by: Timestamp::from_micros(0),
};

pub(super) async fn purge(store: &dyn Store, outlived: RetentionCutoffs, limit: u32) -> u64 {
    store.purge(outlived, limit).await.expect("purged")
}

/// The store answers.
pub async fn the_store_answers(store: &dyn Store) {
    store.ping().await.expect("it can read");
}

/// Sessions go at their end, or when nobody has used them since.
pub async fn old_sessions_are_purged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut sessions = Vec::new();
    for number in 1..=4 {
        sessions.push(start(store, &fixture, fixture.client, number).await);
    }
    let now = fixture.tick();
    store
        .touch_session(sessions[0], now)
        .await
        .expect("touched");
    assert_eq!(purge(store, NOTHING, 100).await, 0);
    let alive = async || tokens_alive(store, &[1, 2, 3, 4]).await;
    let user = fixture.client.id;
    let long_ago = Timestamp::from_micros(0);
    let list = store.list_sessions(user, now, long_ago, all()).await;
    let mut list = list.expect("readable").items;
    list.reverse();
    let idle_since = RetentionCutoffs {
        sessions_idle_since: list[2].last_used_at,
        ..NOTHING
    };
    assert_eq!(
        purge(store, idle_since, 100).await,
        1,
        "used exactly then is not before"
    );
    assert_eq!(alive().await, [1, 3, 4]);
    let expired_by = RetentionCutoffs {
        sessions_expired_by: list[2].expires_at,
        ..NOTHING
    };
    assert_eq!(
        purge(store, expired_by, 1).await,
        1,
        "no more than the limit"
    );
    assert_eq!(purge(store, expired_by, 100).await, 1);
    assert_eq!(purge(store, expired_by, 100).await, 0);
    assert_eq!(alive().await, [4]);
    let person = store.user(fixture.client.id).await.expect("readable");
    assert!(person.is_some());
}

/// Failed logins go once they no longer count.
pub async fn old_failures_are_purged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let begin = fixture.now();
    let fail = async |second| {
        let attempt = LoginAttempt {
            limits: LoginLimits {
                per_name: 3,
                per_network: 100,
                window: Duration::from_secs(1_000),
            },
            ..attempt("account", 1, begin.plus(Duration::from_secs(second)))
        };
        store.count_failure(attempt).await.expect("answered")
    };
    for second in [1, 2, 3] {
        assert_eq!(fail(second).await, LoginThrottle::Open);
    }
    let before = |second| RetentionCutoffs {
        login_failures_before: begin.plus(Duration::from_secs(second)),
        ..NOTHING
    };
    assert_eq!(purge(store, before(1), 100).await, 0);
    assert_ne!(fail(4).await, LoginThrottle::Open);
    assert_eq!(
        purge(store, before(3), 1).await,
        1,
        "no more than the limit"
    );
    assert_eq!(purge(store, before(3), 100).await, 1);
    assert_eq!(fail(5).await, LoginThrottle::Open);
    assert_eq!(fail(6).await, LoginThrottle::Open);
    assert_ne!(fail(7).await, LoginThrottle::Open, "the third still counts");
}

/// Networks of logins go once they are no longer known.
pub async fn old_networks_are_purged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    for number in 1..=2 {
        start(store, &fixture, fixture.client, number).await;
        start(store, &fixture, fixture.writer, 10 + number).await;
    }
    let user = store.user(fixture.client.id).await.expect("readable");
    let last = user.expect("there").last_login_at.expect("signed in");
    let before = |at| RetentionCutoffs {
        login_networks_before: at,
        ..NOTHING
    };
    assert_eq!(purge(store, before(last), 100).await, 0);
    let later = last.plus(Duration::from_secs(1_000));
    assert_eq!(
        purge(store, before(later), 1).await,
        1,
        "no more than the limit"
    );
    assert_eq!(
        purge(store, before(later), 100).await,
        1,
        "one for each person"
    );
}

/// Keys go once they are free: a running one with its lease, a completed one after a day.
pub async fn old_keys_are_purged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let running = reserve(store, &fixture, "running").await;
    let done = reserve(store, &fixture, "done").await;
    let row = fixture.new_ticket(fixture.admin, None);
    let commit = Commit::new(row).completing(completion(done));
    store.create_ticket(commit).await.expect("created");
    let now = fixture.now();
    let reserved_at = now.minus(Duration::from_secs(1));
    let by = |at: Timestamp| RetentionCutoffs {
        idempotency_expired_by: at,
        ..NOTHING
    };
    let just_before = |at: Timestamp| at.minus(Duration::from_micros(1));
    let (lease_end, day_end) = (reserved_at.plus(LEASE_TTL), reserved_at.plus(KEY_TTL));
    assert_eq!(purge(store, by(just_before(lease_end)), 100).await, 0);
    assert_eq!(purge(store, by(lease_end), 100).await, 1);
    assert_eq!(purge(store, by(just_before(day_end)), 100).await, 0);
    let found = store
        .reserve(&key_scope(&fixture, "done"), now)
        .await
        .expect("answered");
    assert!(matches!(found, Reservation::Completed(_)), "{found:?}");
    let anew = reserve(store, &fixture, "running").await;
    assert_ne!(anew, running);
    store.release(anew).await.expect("released");
    assert_eq!(
        purge(store, by(day_end), 100).await,
        2,
        "a released one has ended as well"
    );
    let found = store
        .reserve(&key_scope(&fixture, "done"), now)
        .await
        .expect("answered");
    assert!(matches!(found, Reservation::Reserved(_)), "{found:?}");
    let tickets = store.ticket(TicketId::new(1), scope(fixture.admin));
    assert!(
        tickets.await.expect("readable").is_some(),
        "nothing else went"
    );
}
