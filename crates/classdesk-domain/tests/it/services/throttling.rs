//! Failed sign-ins, and what they do not do.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::error::Error;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{
    AuthenticatedSession, HashRequester, Login, LoginName, NewPassword, PasswordChange,
    PasswordHash, PasswordHashError, PasswordHasher, UserChange, UserRepository, Verification,
};
use classdesk_memory::PlainHasher;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::support::{AppFixture, word};

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "another horse battery";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks at passwords one step later, so that attempts at the same time have all begun before one
/// has ended.
#[derive(Default)]
struct SlowHasher(PlainHasher);

/// Lets everything else go on once.
async fn pause() {
    let mut has_paused = false;
    std::future::poll_fn(|context| {
        if has_paused {
            return std::task::Poll::Ready(());
        }
        has_paused = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[async_trait]
impl PasswordHasher for SlowHasher {
    async fn hash(
        &self,
        requester: HashRequester,
        password: String,
    ) -> Result<PasswordHash, PasswordHashError> {
        self.0.hash(requester, password).await
    }

    async fn verify(
        &self,
        requester: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        pause().await;
        self.0.verify(requester, password, hash).await
    }
}

async fn test() -> AppFixture {
    let slow = Arc::new(SlowHasher::default());
    let test = AppFixture::open_with(|_, ports| ports.hasher = slow).await;
    for name in ["superadmin", "client", "writer"] {
        set_password(&test, name, PASSWORD).await;
    }
    test
}

async fn set_password(test: &AppFixture, name: &str, password: &str) {
    let password = NewPassword::parse(password).expect("a password");
    let name = LoginName::new(name);
    let set = test.app.admin_commands.set_password(&name, &password).await;
    set.expect("a person has this name");
}

fn login(name: &str, password: &str, address: [u8; 4]) -> Login {
    Login {
        name: LoginName::new(name),
        password: password.to_owned(),
        address: IpAddr::from(address),
        user_agent: None,
    }
}

const HERE: [u8; 4] = [192, 0, 2, 1];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 1];

/// What becomes of a login.
async fn tried(test: &AppFixture, login: Login) -> &'static str {
    match test.app.sessions.login(login).await {
        Ok(_) => "in",
        Err(Error::WrongCredentials { .. }) => "wrong",
        Err(Error::Throttled { .. }) => "throttled",
        Err(other) => panic!("{other}"),
    }
}

/// Fails until the account is throttled, and says how often that took.
async fn lock(test: &AppFixture, name: &str, address: [u8; 4]) -> usize {
    let mut failures = 0;
    while tried(test, login(name, "wrong", address)).await == "wrong" {
        failures += 1;
    }
    failures
}

/// contract: conv.login.failures
#[tokio::test]
async fn right_passwords_at_the_same_time_all_succeed() {
    let test = test().await;
    let logins = (0..20).map(|_| tried(&test, login("client", PASSWORD, HERE)));
    assert_eq!(join_all(logins).await, ["in"; 20]);
}

/// contract: conv.login.failures
#[tokio::test]
async fn people_behind_one_address_all_succeed_at_the_same_time() {
    let test = test().await;
    let mut names = Vec::new();
    for number in 0..30 {
        let name = format!("pupil{number}");
        let role = classdesk_domain::people::Role::Client;
        test.fixture.add_user(&*test.store, &name, role).await;
        set_password(&test, &name, PASSWORD).await;
        names.push(name);
    }
    let logins = names
        .iter()
        .map(|name| tried(&test, login(name, PASSWORD, HERE)));
    assert_eq!(join_all(logins).await, ["in"; 30]);
}

/// contract: conv.login.throttle
#[tokio::test]
async fn guesses_at_the_same_time_are_answered_no_more_than_others() {
    let test = test().await;
    let mut guesses: Vec<_> = (0..40).map(|n| format!("guess {n}")).collect();
    guesses[20] = PASSWORD.to_owned();
    let logins = guesses
        .iter()
        .map(|guess| tried(&test, login("client", guess, HERE)));
    let answers = join_all(logins).await;
    let count = |answer| answers.iter().filter(|found| **found == answer).count();
    assert_eq!((count("wrong"), count("in")), (5, 0), "{answers:?}");
}

/// contract: conv.login.failures
#[tokio::test]
async fn an_attempt_that_was_given_up_is_no_failure() {
    let test = test().await;
    for _ in 0..25 {
        let login = test.app.sessions.login(login("client", "wrong", HERE));
        assert!(login.now_or_never().is_none(), "it is not looked at yet");
    }
    assert_eq!(tried(&test, login("client", PASSWORD, HERE)).await, "in");
}

/// contract: conv.login.known
#[tokio::test]
async fn strangers_lock_nobody_out_of_a_network_that_the_account_knows() {
    let test = test().await;
    let name = "superadmin";
    assert_eq!(tried(&test, login(name, PASSWORD, HERE)).await, "in");
    assert_eq!(lock(&test, name, ELSEWHERE).await, 5);
    assert_eq!(
        tried(&test, login(name, PASSWORD, [203, 0, 113, 1])).await,
        "throttled",
        "elsewhere is one count"
    );
    for _ in 0..2 {
        assert_eq!(tried(&test, login(name, "wrong", HERE)).await, "wrong");
        assert_eq!(tried(&test, login(name, PASSWORD, HERE)).await, "in");
    }
    assert_eq!(lock(&test, name, HERE).await, 5, "it has its own limit");

    test.clock.advance(29 * DAY);
    assert_eq!(lock(&test, name, ELSEWHERE).await, 5);
    assert_eq!(tried(&test, login(name, PASSWORD, HERE)).await, "in");
    test.clock.advance(30 * DAY);
    test.clock.advance(Duration::from_secs(1));
    assert_eq!(lock(&test, name, ELSEWHERE).await, 5);
    assert_eq!(
        tried(&test, login(name, PASSWORD, HERE)).await,
        "throttled",
        "after 30 days it is a network like any other"
    );
}

/// contract: conv.login.same
#[tokio::test]
async fn failures_do_not_tell_that_two_names_are_one_person() {
    let test = test().await;
    assert_eq!(tried(&test, login("client", PASSWORD, HERE)).await, "in");
    let answers = async |names: [&str; 2], address| {
        let mut answers = Vec::new();
        for name in [names[0]; 3].into_iter().chain([names[1]; 3]) {
            answers.push(tried(&test, login(name, "wrong", address)).await);
        }
        answers
    };
    for address in [HERE, ELSEWHERE] {
        let one_person = answers(["client", "client@example.com"], address).await;
        let nobody = answers(["nobody", "nobody@example.com"], address).await;
        assert_eq!(one_person, nobody);
        test.clock.advance(Duration::from_secs(15 * 60));
        let two_people = answers(["client", "writer@example.com"], address).await;
        let nobody = answers(["nobody", "anybody@example.com"], address).await;
        assert_eq!(two_people, nobody);
        test.clock.advance(Duration::from_secs(15 * 60));
    }
}

/// contract: conv.login.throttle
#[tokio::test]
async fn names_that_are_alike_before_the_at_have_a_count_each() {
    let test = test().await;
    for name in ["info@one.example", "info@two.example", "info"] {
        assert_eq!(lock(&test, name, ELSEWHERE).await, 5, "{name}");
    }
}

/// An account whose address has another person's name before the `@` does not reset that
/// person's count by signing in.
#[tokio::test]
async fn a_success_forgives_the_own_failures_alone() {
    let test = test().await;
    let email = "superadmin@evil.example";
    let change = UserChange {
        own: classdesk_domain::people::DisplayUpdate {
            email: Some(classdesk_domain::people::Email::parse(email).expect("an address")),
            ..Default::default()
        },
        ..Default::default()
    };
    let changed = test
        .app
        .users
        .change(&test.fixture.client, test.fixture.client.id, change);
    assert_eq!(word(changed.await), "ok");
    for _ in 0..4 {
        assert_eq!(
            tried(&test, login("superadmin", "wrong", ELSEWHERE)).await,
            "wrong"
        );
    }
    assert_eq!(tried(&test, login(email, PASSWORD, ELSEWHERE)).await, "in");
    assert_eq!(lock(&test, "superadmin", ELSEWHERE).await, 1);
}

/// contract: conv.login.clears
#[tokio::test]
async fn a_password_that_was_set_clears_the_count() {
    let test = test().await;
    let admin = test.fixture.admin;
    assert_eq!(lock(&test, "client", ELSEWHERE).await, 5);
    set_password(&test, "client", NEW).await;
    assert_eq!(tried(&test, login("client", NEW, ELSEWHERE)).await, "in");
    assert_eq!(lock(&test, "client@example.com", HERE).await, 5);
    let change = UserChange {
        password: Some(NewPassword::parse(PASSWORD).expect("a password")),
        ..UserChange::default()
    };
    let changed = test
        .app
        .users
        .change(&admin, test.fixture.client.id, change);
    assert_eq!(word(changed.await), "ok");
    assert_eq!(tried(&test, login("client", PASSWORD, HERE)).await, "in");
}

#[tokio::test]
async fn an_unlock_stands_in_the_audit_log_and_counts_no_version() {
    let test = test().await;
    for name in ["client", "client@example.com"] {
        assert_eq!(lock(&test, name, ELSEWHERE).await, 5);
    }
    let read = async || test.store.user(test.fixture.client.id).await.expect("read");
    let (before, known) = (read().await, test.log_length().await);
    let name = LoginName::new("client");
    let unlocked = test.app.admin_commands.unlock(&name).await;
    assert_eq!(Some(unlocked.expect("unlocked")), before);
    assert_eq!(read().await, before);
    assert_eq!(test.told_after(known).await, ["user.unlocked"]);
    for name in ["client", "client@example.com"] {
        assert_eq!(tried(&test, login(name, PASSWORD, ELSEWHERE)).await, "in");
    }
}

async fn signed_in(test: &AppFixture, address: [u8; 4]) -> AuthenticatedSession {
    let entered = test
        .app
        .sessions
        .login(login("client", PASSWORD, address))
        .await;
    let token = entered.expect("the right password").token;
    let who = test.app.sessions.authenticate(&token).await;
    who.expect("the token holds")
}

async fn changed(test: &AppFixture, who: &AuthenticatedSession, current: &str) -> String {
    let change = PasswordChange {
        current: current.to_owned(),
        new: NewPassword::parse(NEW).expect("a password"),
    };
    let changed = test.app.sessions.change_password(who, HERE.into(), change);
    match changed.await {
        Err(Error::Throttled { account, .. }) => {
            format!("throttled {}", account.map_or(0, UserId::get))
        }
        other => word(other),
    }
}

/// contract: conv.login.change
#[tokio::test]
async fn a_wrong_present_password_is_a_failed_login_of_the_account() {
    let test = test().await;
    let who = signed_in(&test, HERE).await;
    for _ in 0..3 {
        assert_eq!(
            changed(&test, &who, "wrong").await,
            "current_password:wrong_password"
        );
    }
    for _ in 0..2 {
        assert_eq!(tried(&test, login("client", "wrong", HERE)).await, "wrong");
    }
    let throttled = format!("throttled {}", who.user.id);
    assert_eq!(changed(&test, &who, PASSWORD).await, throttled);
    assert_eq!(
        tried(&test, login("client", PASSWORD, HERE)).await,
        "throttled"
    );
    test.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(changed(&test, &who, PASSWORD).await, "ok");
}

/// contract: conv.login.change
#[tokio::test]
async fn guesses_of_the_present_password_at_the_same_time_are_answered_no_more_than_others() {
    let test = test().await;
    let who = signed_in(&test, HERE).await;
    let guess = |n| if n == 20 { PASSWORD } else { "wrong" };
    let guesses = (0..30).map(|n| changed(&test, &who, guess(n)));
    let answers = join_all(guesses).await;
    assert!(!answers.contains(&"ok".to_owned()), "{answers:?}");
    let wrong = answers
        .iter()
        .filter(|answer| answer.contains("wrong_password"));
    assert_eq!(wrong.count(), 5, "{answers:?}");
    let still = test.app.users.get(&who.actor(), who.user.id).await;
    assert!(still.is_ok());
}
