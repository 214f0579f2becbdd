//! Sessions.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::DomainEvent;
use classdesk_domain::ids::SessionId;
use classdesk_domain::people::{
    Actor, Credentials, EndSessions, PasswordHash, UserUpdate, WhichSessions,
};
use classdesk_domain::store::{Commit, Store};

use super::support::{all, assert_stale, event, log, new_session, token, walk};
use crate::Fixture;

/// Starts a session of a user with the token of this number.
pub(super) async fn start(
    store: &dyn Store,
    fixture: &Fixture,
    of: Actor,
    number: u8,
) -> SessionId {
    let known = store
        .credentials_of(of.id)
        .await
        .expect("readable")
        .expect("there");
    let hash = known.password.expect("a password");
    let session = new_session(fixture, of, hash.as_str(), number);
    store
        .start_session(Commit::new(session))
        .await
        .expect("started")
        .id
}

/// What is kept of a person's password.
pub(super) fn hash_of(known: &Credentials) -> Option<&str> {
    known.password.as_ref().map(PasswordHash::as_str)
}

/// Which of these tokens still have a session.
pub(super) async fn tokens_alive(store: &dyn Store, numbers: &[u8]) -> Vec<u8> {
    let mut alive = Vec::new();
    for number in numbers {
        if store
            .session(&token(*number))
            .await
            .expect("readable")
            .is_some()
        {
            alive.push(*number);
        }
    }
    alive
}

/// A session is found by its token with its person, whether or not it still holds.
pub async fn a_session_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let new = new_session(&fixture, fixture.client, "hash of client", 1);
    let started = store
        .start_session(Commit::new(new.clone()))
        .await
        .expect("started");
    assert_eq!(started.user, fixture.client.id);
    assert_eq!(started.created_at, new.created_at);
    assert_eq!(started.last_used_at, new.created_at);
    assert_eq!(started.expires_at, new.expires_at);
    assert_eq!(
        (&started.address, &started.user_agent),
        (&new.address, &new.user_agent)
    );
    let found = store
        .session(&token(1))
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(found.session, started);
    assert_eq!(found.user.id, fixture.client.id);
    assert_eq!(found.user.last_login_at, Some(new.created_at));
    assert_eq!(store.session(&token(2)).await.expect("readable"), None);

    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(fixture.client.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let found = store
        .session(&token(1))
        .await
        .expect("readable")
        .expect("still there");
    assert!(!found.user.is_active, "the domain says whether it holds");
}

/// A password that was changed meanwhile starts no session; one made anew is kept.
pub async fn a_session_needs_the_present_password(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let update = UserUpdate {
        password: Some(PasswordHash::new("second".to_owned())),
        ..UserUpdate::of(fixture.client.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let told = event(
        &fixture,
        DomainEvent::SessionStarted {
            user: fixture.client.id,
        },
    );
    let mut late = new_session(&fixture, fixture.client, "hash of client", 1);
    late.upgraded_hash = Some(PasswordHash::new("late".to_owned()));
    let refused = store
        .start_session(Commit::new(late).with_event(told))
        .await;
    assert_stale(&refused, "a session on an old password");
    assert_eq!(tokens_alive(store, &[1]).await, [] as [u8; 0]);
    assert_eq!(log(store).await, []);
    let known = store
        .credentials_of(fixture.client.id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(hash_of(&known), Some("second"));
    assert_eq!(known.user.last_login_at, None);

    let mut right = new_session(&fixture, fixture.client, "second", 1);
    right.upgraded_hash = Some(PasswordHash::new("third".to_owned()));
    store
        .start_session(Commit::new(right))
        .await
        .expect("started");
    let known = store
        .credentials_of(fixture.client.id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(hash_of(&known), Some("third"));
}

/// A use never moves back, and a session that is gone is no error.
pub async fn a_use_never_moves_back(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = start(store, &fixture, fixture.client, 1).await;
    start(store, &fixture, fixture.writer, 2).await;
    let used = async |number| {
        let found = store.session(&token(number)).await.expect("readable");
        found.expect("there").session.last_used_at
    };
    let other = used(2).await;
    let (early, late) = (fixture.tick(), fixture.tick());
    store.touch_session(id, late).await.expect("touched");
    assert_eq!(used(1).await, late);
    store.touch_session(id, early).await.expect("touched");
    assert_eq!(used(1).await, late);
    assert_eq!(used(2).await, other, "another session was touched");
    store
        .touch_session(SessionId::new(9_999), late)
        .await
        .expect("no error");
}

/// The list of sessions is the person's own, without those that have ended or were not used for
/// too long, newest first.
pub async fn sessions_are_listed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut expected = Vec::new();
    for number in 1..=5 {
        expected.insert(0, start(store, &fixture, fixture.client, number).await);
    }
    start(store, &fixture, fixture.writer, 9).await;
    let long_ago = Timestamp::from_micros(0);
    let list = async |now, page| {
        let user = fixture.client.id;
        store.list_sessions(user, now, long_ago, page).await
    };
    let now = fixture.now();
    let seen = walk(2, |page| list(now, page)).await;
    let seen: Vec<_> = seen.iter().map(|session| session.id).collect();
    assert_eq!(seen, expected);

    let first = store
        .session(&token(1))
        .await
        .expect("readable")
        .expect("there")
        .session;
    let at_its_end = list(first.expires_at, all()).await.expect("readable");
    assert_eq!(at_its_end.items.len(), 4, "at its end a session has ended");
    let just_before = Timestamp::from_micros(first.expires_at.micros() - 1);
    let before = list(just_before, all()).await.expect("readable");
    assert_eq!(before.items.len(), 5);

    let used = async |idle_since| {
        let user = fixture.client.id;
        let page = store.list_sessions(user, now, idle_since, all()).await;
        page.expect("readable").items.len()
    };
    assert_eq!(used(first.last_used_at).await, 4, "used no later than that");
    let just_before = Timestamp::from_micros(first.last_used_at.micros() - 1);
    assert_eq!(used(just_before).await, 5);
}

/// Ending one, all, or all but one; never those of others; and nothing is told when none ended.
///
/// contract: conv.auth.death
pub async fn sessions_are_ended(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut own = Vec::new();
    for number in 1..=4 {
        own.push(start(store, &fixture, fixture.client, number).await);
    }
    let foreign = start(store, &fixture, fixture.writer, 9).await;
    let end = async |which| {
        let user = fixture.client.id;
        let commit = Commit::new(EndSessions { user, which })
            .with_event(event(&fixture, DomainEvent::SessionEnded { user }));
        store.end_sessions(commit).await.expect("ended")
    };
    let alive = async || tokens_alive(store, &[1, 2, 3, 4, 9]).await;
    assert_eq!(end(WhichSessions::One(foreign)).await, 0);
    assert_eq!(log(store).await, [], "nothing ended, so nothing is told");
    assert_eq!(alive().await, [1, 2, 3, 4, 9]);
    assert_eq!(end(WhichSessions::One(own[0])).await, 1);
    assert_eq!(alive().await, [2, 3, 4, 9]);
    assert_eq!(end(WhichSessions::One(own[0])).await, 0);
    assert_eq!(end(WhichSessions::AllBut(own[2])).await, 2);
    assert_eq!(alive().await, [3, 9]);
    assert_eq!(end(WhichSessions::All).await, 1);
    assert_eq!(alive().await, [9]);
    assert_eq!(end(WhichSessions::All).await, 0);
    assert_eq!(log(store).await.len(), 3);
}
