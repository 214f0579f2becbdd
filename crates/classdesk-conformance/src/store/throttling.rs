//! Failed logins.

use std::time::Duration;

use classdesk_domain::people::{
    LoginAttempt, LoginKey, LoginName, LoginThrottle, PasswordHash, UserUpdate,
};
use classdesk_domain::store::{Commit, Store};
use futures_util::future::join_all;

use super::support::{assert_stale, attempt, new_session};
use crate::Fixture;

fn key(name: &str) -> LoginKey {
    LoginKey::of(&LoginName::new(name))
}

async fn fail(store: &dyn Store, attempt: LoginAttempt) -> LoginThrottle {
    store.count_failure(attempt).await.expect("answered")
}

/// Failures are counted up to the limit of the account and of the network, and again when the oldest
/// has left the window; a refused one does not count, and neither does asking.
///
/// contract: conv.login.throttle, conv.login.address
pub async fn logins_are_throttled(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let begin = fixture.now();
    let tried = async |name: &str, address, second: u64| {
        let attempt = attempt(name, address, begin.plus(Duration::from_secs(second)));
        let before = store.login_throttle(attempt).await;
        let counted = fail(store, attempt).await;
        assert_eq!(before.expect("answered"), counted);
        counted
    };
    let throttled = |second| LoginThrottle::Throttled {
        until: begin.plus(Duration::from_secs(second)),
    };
    for _ in 0..10 {
        let asked = store.login_throttle(attempt("a", 1, begin)).await;
        assert_eq!(asked.expect("answered"), LoginThrottle::Open);
    }
    assert_eq!(tried("a", 1, 0).await, LoginThrottle::Open);
    assert_eq!(tried("a", 2, 10).await, LoginThrottle::Open);
    assert_eq!(tried("a", 1, 20).await, LoginThrottle::Open);
    assert_eq!(tried("a", 3, 30).await, throttled(100));
    assert_eq!(tried("a", 3, 99).await, throttled(100));
    for (name, second) in [("b", 31), ("c", 32), ("d", 33)] {
        assert_eq!(tried(name, 1, second).await, LoginThrottle::Open, "{name}");
    }
    assert_eq!(tried("e", 1, 34).await, throttled(100), "five from there");
    assert_eq!(tried("e", 2, 34).await, LoginThrottle::Open, "elsewhere");
    assert_eq!(
        tried("a", 3, 100).await,
        LoginThrottle::Open,
        "the oldest has left"
    );
    assert_eq!(tried("a", 3, 101).await, throttled(110));
}

/// Of failures at the same time no more than the limit are counted.
pub async fn simultaneous_failures_are_throttled(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let now = fixture.now();
    let counted = async |attempts: Vec<LoginAttempt>| {
        let answers = join_all(attempts.into_iter().map(|one| fail(store, one))).await;
        let open = answers.iter().filter(|one| **one == LoginThrottle::Open);
        open.count()
    };
    let one_account = (0..24).map(|address| attempt("account", address, now));
    assert_eq!(counted(one_account.collect()).await, 3);
    let one_network = (0..24).map(|n| attempt(&format!("account {n}"), 200, now));
    assert_eq!(counted(one_network.collect()).await, 5);
}

/// A login that succeeds forgives its person's failures, for the account and the network, and
/// nobody else's.
pub async fn success_forgives(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let session = new_session(&fixture, fixture.client, "hash of client", 1);
    let now = fixture.now();
    let of_client = |address| LoginAttempt {
        user: Some(fixture.client.id),
        ..attempt("client", address, now)
    };
    for _ in 0..3 {
        assert_eq!(fail(store, of_client(1)).await, LoginThrottle::Open);
    }
    for other in ["b", "c"] {
        let counted = fail(store, attempt(other, 1, now)).await;
        assert_eq!(counted, LoginThrottle::Open);
    }
    assert_ne!(fail(store, of_client(2)).await, LoginThrottle::Open);
    assert_ne!(fail(store, attempt("d", 1, now)).await, LoginThrottle::Open);
    store
        .start_session(Commit::new(session))
        .await
        .expect("started");
    for _ in 0..3 {
        assert_eq!(fail(store, of_client(1)).await, LoginThrottle::Open);
    }
    assert_ne!(
        fail(store, attempt("e", 1, now)).await,
        LoginThrottle::Open,
        "b and c still count"
    );
}

/// A right password starts no session and changes nothing once attempts are throttled.
///
/// contract: conv.login.throttle
pub async fn a_throttled_account_gets_no_session(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let session = new_session(&fixture, fixture.client, "hash of client", 1);
    for _ in 0..3 {
        let counted = fail(store, session.attempt).await;
        assert_eq!(counted, LoginThrottle::Open);
    }
    let attempt = Some(session.attempt);
    let refused = store.start_session(Commit::new(session)).await;
    assert_stale(&refused, "a session of a throttled account");

    let update = UserUpdate {
        attempt,
        password: Some(PasswordHash::new("another".to_owned())),
        ..UserUpdate::of(fixture.client.id)
    };
    let refused = store.update_user(Commit::new(update)).await;
    assert_stale(&refused, "a new password of a throttled account");
}

/// A network from which the person has signed in has a count of its own, for 30 days.
///
/// contract: conv.login.known
pub async fn a_known_network_counts_by_itself(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let session = new_session(&fixture, fixture.client, "hash of client", 1);
    let known = session.attempt.network;
    let begin = session.attempt.at;
    store
        .start_session(Commit::new(session))
        .await
        .expect("started");
    let of_client = |address, at| LoginAttempt {
        user: Some(fixture.client.id),
        ..attempt("client", address, at)
    };
    assert_eq!(of_client(7, begin).network, known);
    let throttle = async |attempt| store.login_throttle(attempt).await.expect("answered");
    for _ in 0..3 {
        let counted = fail(store, of_client(7, begin)).await;
        assert_eq!(counted, LoginThrottle::Open);
    }
    assert_ne!(throttle(of_client(7, begin)).await, LoginThrottle::Open);
    assert_eq!(throttle(of_client(1, begin)).await, LoginThrottle::Open);
    let day = Duration::from_secs(24 * 60 * 60);
    for (after, knows) in [(day, true), (30 * day, true), (31 * day, false)] {
        let at = begin.plus(after);
        for _ in 0..3 {
            fail(store, of_client(1, at)).await;
        }
        assert_ne!(throttle(of_client(2, at)).await, LoginThrottle::Open);
        let here = throttle(of_client(7, at)).await;
        assert_eq!(here == LoginThrottle::Open, knows, "{after:?}");
        let other = LoginAttempt {
            user: Some(fixture.writer.id),
            ..of_client(7, at)
        };
        assert_ne!(throttle(other).await, LoginThrottle::Open, "another person");
    }
}

/// A change of a person forgets their failures and those under the keys that it names, and no others.
///
/// contract: conv.login.clears
pub async fn failures_are_forgotten(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let now = fixture.now();
    let of_client = LoginAttempt {
        user: Some(fixture.client.id),
        ..attempt("another name", 1, now)
    };
    let names = ["client", "writer"];
    for _ in 0..3 {
        fail(store, of_client).await;
        for (address, name) in (2..).zip(names) {
            fail(store, attempt(name, address, now)).await;
        }
    }
    let open = async |attempt| {
        let asked = store.login_throttle(attempt).await;
        asked.expect("answered") == LoginThrottle::Open
    };
    let update = UserUpdate {
        password: Some(PasswordHash::new("another".to_owned())),
        ..UserUpdate::of(fixture.client.id)
    };
    let change = async |update| {
        let changed = store.update_user(Commit::new(update)).await;
        changed.expect("changed");
    };
    change(update.clone()).await;
    assert!(!open(of_client).await, "nothing was named");
    change(UserUpdate {
        forgets_failures: Some(vec![key("client")]),
        ..update
    })
    .await;
    assert!(open(of_client).await);
    assert!(open(attempt("client", 9, now)).await);
    assert!(!open(attempt("writer", 9, now)).await);
}
