//! What the checks have in common.

use std::fmt::Debug;
use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{
    AuditEntry, AuditFilter, DomainEvent, NewEvent, RowId, UserChanges,
};
use classdesk_domain::idempotency::{
    Completion, Fingerprint, IdempotencyKey, KeyScope, Lease, Reservation,
};
use classdesk_domain::ids::ThreadId;
use classdesk_domain::paging::{Limit, Page, PageRequest};
use classdesk_domain::people::{
    Actor, LoginAttempt, LoginLimits, NewSession, PasswordHash, TokenHash,
};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Store, StoreError};

use crate::Fixture;
use crate::fixture::login_attempt;

/// The first page of at most `limit` items.
pub(super) fn first(limit: i64) -> PageRequest {
    PageRequest {
        limit: Limit::new(limit).expect("a limit"),
        after: None,
    }
}

/// The greatest first page.
pub(super) fn all() -> PageRequest {
    first(i64::from(Limit::MAX))
}

/// What a user may see.
pub(super) const fn scope(of: Actor) -> AccessScope {
    AccessScope::of(&of)
}

/// Reads a list to its end in pages of `limit`.
pub(super) async fn walk<T, F>(limit: i64, mut list: impl FnMut(PageRequest) -> F) -> Vec<T>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut items = Vec::new();
    let mut page = first(limit);
    loop {
        let Page {
            items: more, next, ..
        } = list(page).await.expect("the list can be read");
        assert!(
            more.len() <= page.limit.get() as usize,
            "a page is too long"
        );
        assert!(
            !more.is_empty() || next.is_none(),
            "an empty page has a next one"
        );
        items.extend(more);
        match next {
            Some(position) => page.after = Some(position),
            None => return items,
        }
    }
}

/// The whole log, oldest entry first.
pub(super) async fn log(store: &dyn Store) -> Vec<AuditEntry> {
    let mut entries = walk(200, |page| store.audit(AuditFilter::default(), page)).await;
    entries.reverse();
    entries
}

/// Something that the admin did just now.
pub(super) fn event(fixture: &Fixture, event: DomainEvent) -> NewEvent {
    NewEvent::new(fixture.now(), Some(fixture.admin.id), event)
}

/// An event that any commit can have.
pub(super) fn user_changed(user: Actor) -> DomainEvent {
    DomainEvent::UserChanged {
        user: user.id,
        changes: UserChanges::default(),
    }
}

/// A message was sent, and the commit creates it.
pub(super) fn message_sent(fixture: &Fixture, thread: impl Into<RowId<ThreadId>>) -> DomainEvent {
    DomainEvent::MessageSent {
        message: RowId::Created,
        thread: fixture.event_thread(thread),
    }
}

/// A key of the admin.
pub(super) fn key_scope(fixture: &Fixture, key: &str) -> KeyScope {
    KeyScope {
        user: fixture.admin.id,
        operation: "POST /things/".to_owned(),
        key: IdempotencyKey::parse(key).expect("a key"),
    }
}

/// Reserves a key that is free.
pub(super) async fn reserve(store: &dyn Store, fixture: &Fixture, key: &str) -> Lease {
    let scope = key_scope(fixture, key);
    match store.reserve(&scope, fixture.now()).await {
        Ok(Reservation::Reserved(lease)) => lease,
        other => panic!("{key} should be free, but: {other:?}"),
    }
}

/// The completion of a lease.
pub(super) fn completion(lease: Lease) -> Option<Completion> {
    Some(Completion {
        lease,
        fingerprint: Fingerprint::of(b"a body"),
    })
}

#[track_caller]
pub(super) fn assert_stale<T: Debug>(result: &Result<T, StoreError>, what: &str) {
    assert!(
        matches!(result, Err(StoreError::Stale)),
        "{what} should be stale, but: {result:?}"
    );
}

/// Limits that a few attempts reach.
pub(super) const LOGIN_LIMITS: LoginLimits = LoginLimits {
    per_name: 3,
    per_network: 5,
    window: Duration::from_secs(100),
};

/// An attempt with this name, which no account has, from the address that ends in this number.
pub(super) fn attempt(name: &str, address: u8, at: Timestamp) -> LoginAttempt {
    LoginAttempt {
        limits: LOGIN_LIMITS,
        ..login_attempt(name, address, at)
    }
}

/// The hash of the token that the checks call by this number.
pub(super) fn token(number: u8) -> TokenHash {
    TokenHash::from_bytes([number; 32])
}

/// A session that has not started yet, by this number.
pub(super) fn new_session(
    fixture: &Fixture,
    of: Actor,
    verified_hash: &str,
    number: u8,
) -> NewSession {
    let now = fixture.tick();
    NewSession {
        user: of.id,
        token: token(number),
        created_at: now,
        expires_at: now.plus(Duration::from_secs(1_000)),
        address: Some("192.0.2.7".to_owned()),
        user_agent: Some("a browser".to_owned()),
        upgraded_hash: None,
        verified_hash: PasswordHash::new(verified_hash.to_owned()),
        attempt: LoginAttempt {
            user: Some(of.id),
            ..attempt("anybody", 7, now)
        },
    }
}
