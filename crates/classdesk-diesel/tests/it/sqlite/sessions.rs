//! Sessions are remembered for a moment, and never beyond their end.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use classdesk_conformance::Fixture;
use classdesk_conformance::fixture::login_attempt;
use classdesk_domain::people::{
    Actor, EndSessions, NewSession, TokenHash, UserUpdate, WhichSessions,
};
use classdesk_domain::store::{Commit, Store};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::databases::{Fresh, SqliteFile, TestDatabase, options};

const ROUNDS: u8 = 30;
const READERS: usize = 6;

async fn start(store: &dyn Store, fixture: &Fixture, of: Actor, number: u8) -> TokenHash {
    let known = store.credentials_of(of.id).await.unwrap().unwrap();
    let now = fixture.tick();
    let token = TokenHash::from_bytes([number; 32]);
    let session = NewSession {
        user: of.id,
        token,
        created_at: now,
        expires_at: now,
        address: None,
        user_agent: None,
        upgraded_hash: None,
        verified_hash: known.password.unwrap(),
        attempt: login_attempt("somebody", 1, now),
    };
    store.start_session(Commit::new(session)).await.unwrap();
    token
}

fn end(of: Actor) -> Commit<EndSessions> {
    Commit::new(EndSessions {
        user: of.id,
        which: WhichSessions::All,
    })
}

/// Asks for a session until it is gone, and tells whether it was found by a question that was
/// asked after its end had been acknowledged.
async fn read_until_gone(store: Arc<dyn Store>, token: TokenHash, ended: Arc<AtomicBool>) -> bool {
    let mut too_late = false;
    loop {
        let late = ended.load(Ordering::SeqCst);
        match store.session(&token).await.unwrap() {
            Some(_) => too_late |= late,
            None => return too_late,
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_finds_a_session_after_its_end() {
    let store = Fresh::on(SqliteFile::new(), &options());
    let fixture = Fixture::create(&*store).await;
    for round in 0..ROUNDS {
        let token = start(&*store, &fixture, fixture.client, round).await;
        let ended = Arc::new(AtomicBool::new(false));
        let mut readers = JoinSet::new();
        for _ in 0..READERS {
            readers.spawn(read_until_gone(store.shared(), token, Arc::clone(&ended)));
        }
        // By now it is remembered.
        assert!(store.session(&token).await.unwrap().is_some());
        store.end_sessions(end(fixture.client)).await.unwrap();
        ended.store(true, Ordering::SeqCst);
        let too_late = readers.join_all().await;
        assert!(!too_late.contains(&true), "round {round}");
    }
}

#[tokio::test]
async fn a_change_of_the_person_shows_at_once() {
    let store = Fresh::on(SqliteFile::new(), &options());
    let fixture = Fixture::create(&*store).await;
    let token = start(&*store, &fixture, fixture.writer, 1).await;
    let found = store.session(&token).await.unwrap().unwrap();
    assert!(found.user.is_active);
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(fixture.writer.id)
    };
    store.update_user(Commit::new(update)).await.unwrap();
    let found = store.session(&token).await.unwrap().unwrap();
    assert!(!found.user.is_active);
}

#[tokio::test]
async fn a_noted_use_shows_at_once() {
    let store = Fresh::on(SqliteFile::new(), &options());
    let fixture = Fixture::create(&*store).await;
    let token = start(&*store, &fixture, fixture.writer, 1).await;
    let found = store.session(&token).await.unwrap().unwrap();
    let later = fixture.tick();
    store.touch_session(found.session.id, later).await.unwrap();
    let found = store.session(&token).await.unwrap().unwrap();
    assert_eq!(found.session.last_used_at, later);
}

/// A change happens though its caller goes away before the answer.
#[tokio::test]
async fn an_end_that_nobody_waits_for_is_noticed() {
    let file = SqliteFile::new();
    let beside = Connection::open(file.path()).unwrap();
    let store = Fresh::on(file, &options());
    let fixture = Fixture::create(&*store).await;
    let kept = |token: &TokenHash| -> i64 {
        let count = "SELECT count(*) FROM sessions WHERE token_hash = ?1";
        beside
            .query_row(count, [token.as_bytes()], |row| row.get(0))
            .unwrap()
    };
    for round in 0..ROUNDS {
        let token = start(&*store, &fixture, fixture.client, round).await;
        assert!(store.session(&token).await.unwrap().is_some());
        let mut ending = store.end_sessions(end(fixture.client));
        let begun = poll_fn(|context| Poll::Ready(ending.as_mut().poll(context).is_ready()));
        assert!(!begun.await);
        while kept(&token) == 1 {
            tokio::task::yield_now().await;
        }
        drop(ending);
        // The writer takes one after the other: what came before this one is over.
        start(&*store, &fixture, fixture.editor, 100 + round).await;
        assert!(store.session(&token).await.unwrap().is_none());
    }
}

/// What another process changes is known once that process has waited for it.
#[tokio::test]
async fn a_change_by_another_process_is_known_after_a_moment() {
    let file = SqliteFile::new();
    let url = file.url();
    let store = Fresh::on(file, &options());
    let fixture = Fixture::create(&*store).await;
    let token = start(&*store, &fixture, fixture.client, 1).await;
    assert!(store.session(&token).await.unwrap().is_some());
    let other = classdesk_diesel::DieselStore::connect(&url, &options()).unwrap();
    other
        .store()
        .end_sessions(end(fixture.client))
        .await
        .unwrap();
    other.wait_for_cache_expiry().await;
    assert!(store.session(&token).await.unwrap().is_none());
}
