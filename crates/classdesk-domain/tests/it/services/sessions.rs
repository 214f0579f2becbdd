//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use classdesk_domain::Ports;
use classdesk_domain::error::Error;
use classdesk_domain::ids::SessionId;
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::{
    AccessToken, Actor, AuthenticatedSession, LoggedIn, Login, LoginName, MockPasswordHasher,
    NewPassword, NewUser, PasswordChange, PasswordHash, PasswordHashError, Role, UserChange,
    UserRepository, UserUpdate, Verification,
};
use classdesk_domain::store::Commit;
use classdesk_domain::validation::{FieldError, Invalid, Validated};
use classdesk_memory::MemoryStore;
use futures_util::FutureExt;

use super::support::{AppFixture, word};

const PASSWORD: &str = "correct horse battery";
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn login(name: &str, password: &str) -> Login {
    Login {
        name: LoginName::new(name),
        password: password.to_owned(),
        address: ADDRESS,
        user_agent: Some("a browser".to_owned()),
    }
}

async fn test() -> AppFixture {
    let test = AppFixture::open().await;
    set_password(&test, "client", PASSWORD).await;
    test
}

async fn set_password(test: &AppFixture, name: &str, password: &str) {
    let password = NewPassword::parse(password).expect("a password");
    let name = LoginName::new(name);
    let set = test.app.admin_commands.set_password(&name, &password).await;
    set.expect("somebody has this name");
}

async fn enter(test: &AppFixture) -> LoggedIn {
    let entered = test.app.sessions.login(login("client", PASSWORD)).await;
    entered.expect("the right password")
}

async fn authenticated(test: &AppFixture, token: &AccessToken) -> AuthenticatedSession {
    let who = test.app.sessions.authenticate(token).await;
    who.expect("the token holds")
}

#[tokio::test]
async fn a_token_acts_for_who_signed_in_by_name_or_address() {
    let test = test().await;
    for name in ["client", " CLIENT ", "Client@Example.com"] {
        let entered = test.app.sessions.login(login(name, PASSWORD)).await;
        let entered = entered.expect(name);
        let who = authenticated(&test, &entered.token).await;
        assert_eq!(who.actor(), test.fixture.client);
        assert_eq!(who.session, entered.session);
        assert_eq!(who.user, entered.user);
        assert_eq!(who.user.last_login_at, Some(who.session.created_at));
        assert_eq!(
            who.session.expires_at,
            who.session.created_at.plus(14 * DAY)
        );
    }
}

/// contract: conv.login.same, conv.login.throttle
#[tokio::test]
async fn whoever_may_not_enter_gets_the_same_answer_and_is_throttled_alike() {
    let test = test().await;
    set_password(&test, "writer", PASSWORD).await;
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(test.fixture.writer.id)
    };
    test.store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let fixture = &test.fixture;
    let email = "guest@example.com".parse().expect("an address");
    let guest = NewUser::new("guest".parse().expect("a username"), email, Role::Client);
    let guest = test.app.users.create(fixture.admin, guest).await;
    let guest = guest.expect("nobody needs a password").id;
    for (name, password, known) in [
        ("client", "wrong", Some(fixture.client.id)),
        ("nobody", PASSWORD, None),
        ("writer", PASSWORD, Some(fixture.writer.id)),
        ("guest", PASSWORD, Some(guest)),
    ] {
        for _ in 0..5 {
            let refused = test.app.sessions.login(login(name, password)).await;
            let Err(Error::WrongCredentials { account }) = refused else {
                panic!("{name} was let in");
            };
            assert_eq!(account, known, "{name}");
            test.clock.advance(MINUTE);
        }
        // The right password helps nobody now, and waiting is told to the second.
        let refused = test.app.sessions.login(login(name, PASSWORD)).await;
        let Err(Error::Throttled {
            retry_after,
            account,
        }) = refused
        else {
            panic!("{name} was not throttled");
        };
        assert_eq!(account, known, "{name}");
        assert_eq!(retry_after, 10 * MINUTE);
        test.clock.advance(15 * MINUTE);
    }
    enter(&test).await;
}

#[tokio::test]
async fn success_forgives_the_account() {
    let test = test().await;
    for _ in 0..3 {
        for _ in 0..4 {
            let refused = test.app.sessions.login(login("client", "wrong")).await;
            assert!(matches!(refused, Err(Error::WrongCredentials { .. })));
        }
        enter(&test).await;
    }
}

/// contract: conv.login.time
#[tokio::test]
async fn an_unknown_name_is_verified_against_no_hash() {
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_is_busy().return_const(false);
    hasher
        .expect_verify()
        .withf(|_, _, hash| hash.is_none())
        .times(1)
        .returning(|_, _, _| Ok(Verification::Wrong));
    let test = AppFixture::open_with(|_, ports| ports.hasher = Arc::new(hasher)).await;
    let refused = test.app.sessions.login(login("nobody", "x")).await;
    assert!(matches!(refused, Err(Error::WrongCredentials { .. })));
}

#[tokio::test]
async fn a_busy_hasher_is_no_wrong_password() {
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_is_busy().return_const(false);
    hasher
        .expect_verify()
        .returning(|_, _, _| Err(PasswordHashError::Busy));
    let test = AppFixture::open_with(|_, ports| ports.hasher = Arc::new(hasher)).await;
    // More often than one may fail.
    for _ in 0..25 {
        let refused = test.app.sessions.login(login("client", "x")).await;
        assert!(matches!(
            refused,
            Err(Error::Password(PasswordHashError::Busy))
        ));
    }
}

#[tokio::test]
async fn a_login_that_finds_the_hasher_busy_is_no_attempt() {
    const REFUSED: usize = 20;
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_is_busy().times(REFUSED).return_const(true);
    hasher.expect_is_busy().return_const(false);
    hasher
        .expect_verify()
        .times(1)
        .returning(|_, _, _| Ok(Verification::Right { outdated: false }));
    let test = AppFixture::open_with(|_, ports| ports.hasher = Arc::new(hasher)).await;
    for _ in 0..REFUSED {
        let refused = test.app.sessions.login(login("client", "x")).await;
        let busy = matches!(refused, Err(Error::Password(PasswordHashError::Busy)));
        assert!(busy, "{refused:?}");
    }
    enter(&test).await;
}

#[tokio::test]
async fn an_outdated_hash_is_made_anew_at_the_next_login_and_no_other() {
    let test = test().await;
    let hash = async || {
        let known = test.store.credentials_of(test.fixture.client.id).await;
        known.expect("readable").expect("there").password
    };
    let old = hash().await;
    enter(&test).await;
    assert_eq!(hash().await, old);
    test.hasher.strengthen();
    enter(&test).await;
    let new = hash().await;
    assert_ne!(new, old);
    enter(&test).await;
    assert_eq!(hash().await, new);
}

#[tokio::test]
async fn a_right_password_opens_though_the_hasher_is_too_busy_to_make_its_hash_anew() {
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_is_busy().return_const(false);
    hasher
        .expect_verify()
        .returning(|_, _, _| Ok(Verification::Right { outdated: true }));
    hasher
        .expect_hash()
        .times(1)
        .returning(|_, _| Err(PasswordHashError::Busy));
    let test = AppFixture::open_with(|_, ports| ports.hasher = Arc::new(hasher)).await;
    enter(&test).await;
}

/// A hasher that finds every password right, and between check and commit of the first does
/// something to the store.
fn meddling(store: &Arc<MemoryStore>, change: UserUpdate) -> MockPasswordHasher {
    let (store, change) = (store.clone(), Mutex::new(Some(change)));
    let mut hasher = MockPasswordHasher::new();
    hasher.expect_is_busy().return_const(false);
    hasher.expect_verify().returning(move |_, _, hash| {
        if let Some(change) = change.lock().expect("no panic").take() {
            let changed = store.update_user(Commit::new(change)).now_or_never();
            changed.expect("memory never waits").expect("change");
            return Ok(Verification::Right { outdated: false });
        }
        let known = hash.is_some_and(|hash| hash.as_str().starts_with("hash of"));
        Ok(if known {
            Verification::Right { outdated: false }
        } else {
            Verification::Wrong
        })
    });
    hasher
        .expect_hash()
        .returning(|_, password| Ok(PasswordHash::new(format!("new {password}"))));
    hasher
}

/// An test where this happens to the client while their password is being checked.
async fn meddled(change: impl FnOnce(&mut UserUpdate)) -> AppFixture {
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        let found = store.credentials(&LoginName::new("client")).now_or_never();
        let known = found.expect("memory never waits").expect("readable");
        let mut update = UserUpdate::of(known.expect("there").user.id);
        change(&mut update);
        ports.hasher = Arc::new(meddling(store, update));
    };
    AppFixture::open_with(exchange).await
}

#[tokio::test]
async fn a_password_that_was_changed_during_login_opens_nothing() {
    let changed = |update: &mut UserUpdate| {
        update.password = Some(PasswordHash::new("another".to_owned()));
    };
    let test = meddled(changed).await;
    let refused = test.app.sessions.login(login("client", PASSWORD)).await;
    assert!(matches!(refused, Err(Error::WrongCredentials { .. })));
}

#[tokio::test]
async fn a_person_who_was_deactivated_during_login_stays_outside() {
    let test = meddled(|update| update.is_active = Some(false)).await;
    let refused = test.app.sessions.login(login("client", PASSWORD)).await;
    assert!(matches!(refused, Err(Error::WrongCredentials { .. })));
}

fn change(current: &str, new: &str) -> PasswordChange {
    PasswordChange {
        current: current.to_owned(),
        new: NewPassword::parse(new).expect("a password"),
    }
}

#[tokio::test]
async fn an_old_password_cannot_undo_a_new_one() {
    let changed = |update: &mut UserUpdate| {
        update.password = Some(PasswordHash::new("another".to_owned()));
    };
    let test = meddled(changed).await;
    let user = test.store.user(test.fixture.client.id).await;
    let user = user.expect("readable").expect("there");
    let who = AuthenticatedSession {
        session: classdesk_domain::people::Session {
            id: SessionId::new(1),
            user: user.id,
            created_at: user.created_at,
            last_used_at: user.created_at,
            expires_at: user.created_at,
            address: None,
            user_agent: None,
        },
        user,
    };
    let wish = change(PASSWORD, "another horse battery");
    let refused = test.app.sessions.change_password(&who, ADDRESS, wish).await;
    assert_eq!(word(refused), "current_password:wrong_password");
}

/// contract: conv.auth.death
#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let test = test().await;
    let (kept, ended) = (enter(&test).await, enter(&test).await);
    let who = authenticated(&test, &kept.token).await;
    let refused = test
        .app
        .sessions
        .change_password(&who, ADDRESS, change("wrong", "the client horse"))
        .await;
    assert_eq!(
        word(refused),
        "current_password:wrong_password new_password:password_contains_username"
    );
    let known = test.log_length().await;
    let wish = change(PASSWORD, "another horse battery");
    let changed = test.app.sessions.change_password(&who, ADDRESS, wish).await;
    assert_eq!(word(changed), "ok");
    assert_eq!(test.told_after(known).await, ["user.password_changed"]);
    authenticated(&test, &kept.token).await;
    assert_eq!(
        word(test.app.sessions.authenticate(&ended.token).await),
        "no valid session"
    );
    let refused = test.app.sessions.login(login("client", PASSWORD)).await;
    assert!(matches!(refused, Err(Error::WrongCredentials { .. })));
    let invalid = Validated::invalid(Invalid::field("new_password", FieldError::Required));
    let refused = test
        .app
        .sessions
        .change_password(&who, ADDRESS, invalid)
        .await;
    assert_eq!(word(refused), "new_password:required");
}

/// contract: conv.auth.token, conv.auth.death, perm.inactive
#[tokio::test]
async fn a_token_dies_idle_old_unknown_or_with_its_person() {
    let test = test().await;
    let dies = async |token: &AccessToken| word(test.app.sessions.authenticate(token).await);
    let unknown = AccessToken::from_bytes([1; 32]);
    assert_eq!(dies(&unknown).await, "no valid session");

    let idle = enter(&test).await.token;
    test.clock.advance(DAY - MINUTE);
    assert_eq!(dies(&idle).await, "ok", "and this use keeps it alive");
    test.clock.advance(DAY - MINUTE);
    assert_eq!(dies(&idle).await, "ok");
    test.clock.advance(DAY);
    assert_eq!(dies(&idle).await, "no valid session");

    let old = enter(&test).await.token;
    for _ in 0..27 {
        test.clock.advance(DAY / 2);
        assert_eq!(dies(&old).await, "ok");
    }
    test.clock.advance(DAY / 2);
    assert_eq!(dies(&old).await, "no valid session");

    let token = enter(&test).await.token;
    let wish = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let (admin, client) = (test.fixture.admin, test.fixture.client);
    let changed = test.app.users.change(&admin, client.id, wish).await;
    assert_eq!(word(changed), "ok");
    assert_eq!(dies(&token).await, "no valid session");
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_a_minute() {
    let test = test().await;
    let entered = enter(&test).await;
    let used = async || {
        let who = authenticated(&test, &entered.token).await;
        who.session.last_used_at
    };
    test.clock.advance(MINUTE / 2);
    used().await;
    assert_eq!(used().await, entered.session.last_used_at);
    test.clock.advance(MINUTE / 2);
    used().await;
    assert_eq!(used().await, entered.session.last_used_at.plus(MINUTE));
}

/// contract: conv.auth.death
#[tokio::test]
async fn sessions_are_listed_in_full_pages_and_ended() {
    let test = test().await;
    let idle = enter(&test).await;
    test.clock.advance(DAY / 2);
    let mut own = Vec::new();
    for _ in 0..3 {
        own.insert(0, enter(&test).await);
    }
    test.clock.advance(DAY / 2);
    let who = authenticated(&test, &own[0].token).await;
    let page = PageRequest {
        limit: Limit::new(2).expect("a limit"),
        after: None,
    };
    let first = test.app.sessions.list(&who, page).await.expect("listed");
    let ids = |sessions: &[classdesk_domain::people::Session]| -> Vec<_> {
        sessions.iter().map(|session| session.id).collect()
    };
    assert_eq!(ids(&first.items), [own[0].session.id, own[1].session.id]);
    let page = PageRequest {
        after: first.next,
        ..page
    };
    let second = test.app.sessions.list(&who, page).await.expect("listed");
    assert_eq!(
        ids(&second.items),
        [own[2].session.id],
        "without the idle one"
    );
    assert_eq!(second.next, None);

    let sessions = &test.app.sessions;
    let missing = sessions.end_one(&who, SessionId::new(999)).await;
    assert_eq!(word(missing), "not found");
    assert_eq!(word(sessions.end_one(&who, own[1].session.id).await), "ok");
    assert_eq!(
        word(sessions.authenticate(&own[1].token).await),
        "no valid session"
    );
    assert_eq!(word(sessions.logout(&who).await), "ok");
    assert_eq!(
        word(sessions.authenticate(&own[0].token).await),
        "no valid session"
    );
    assert_eq!(word(sessions.logout_all(&who).await), "ok");
    assert_eq!(
        word(sessions.authenticate(&own[2].token).await),
        "no valid session"
    );
    assert_eq!(
        word(sessions.authenticate(&idle.token).await),
        "no valid session"
    );
}

#[tokio::test]
async fn nobody_ends_the_sessions_of_others() {
    let test = test().await;
    set_password(&test, "writer", PASSWORD).await;
    let theirs = enter(&test).await;
    let entered = test.app.sessions.login(login("writer", PASSWORD)).await;
    let who = authenticated(&test, &entered.expect("entered").token).await;
    assert_eq!(who.actor(), Actor::from(&who.user));
    let refused = test.app.sessions.end_one(&who, theirs.session.id).await;
    assert_eq!(word(refused), "not found");
    assert_eq!(word(test.app.sessions.logout_all(&who).await), "ok");
    authenticated(&test, &theirs.token).await;
}
