//! Invitations, and giving oneself a password by a link.

use std::time::Duration;

use classdesk_domain::people::{
    AccessToken, Email, INVITATION_TTL, Invited, Login, LoginName, NewPassword, NewUser,
    PasswordReset, Role, Username,
};
use futures_util::future::join_all;

use super::support::{AppFixture, word};

const PASSWORD: &str = "staple that is new";

fn guest(role: Role) -> NewUser {
    let username = Username::parse("guest").expect("a username");
    let email = Email::parse("guest@example.org").expect("an address");
    NewUser::new(username, email, role)
}

async fn invite(test: &AppFixture) -> String {
    match test.app.admin_commands.invite(guest(Role::Client)).await {
        Ok(Invited::Link { token, .. }) => token.expose(),
        other => panic!("{other:?}"),
    }
}

async fn redeem(test: &AppFixture, token: &str, password: &str) -> String {
    let reset = PasswordReset {
        token: token.to_owned(),
        new_password: password.to_owned(),
    };
    word(test.app.password_links.redeem(reset).await)
}

async fn enter(test: &AppFixture, password: &str) -> Option<AccessToken> {
    let login = Login {
        name: LoginName::new("guest"),
        password: password.to_owned(),
        address: [192, 0, 2, 7].into(),
        user_agent: None,
    };
    let entered = test.app.sessions.login(login).await;
    entered.ok().map(|entered| entered.token)
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let test = AppFixture::open().await;
    let known = test.log_length().await;
    let token = invite(&test).await;
    assert_eq!(
        enter(&test, PASSWORD).await,
        None,
        "there is no password yet"
    );
    for (password, fault) in [
        ("short", "new_password:too_short"),
        (
            "the guest was here",
            "new_password:password_contains_username",
        ),
        ("passwordpassword", "new_password:common_password"),
    ] {
        assert_eq!(redeem(&test, &token, password).await, fault);
    }
    let stranger = AccessToken::from_bytes([7; 32]).expose();
    for dead in [stranger.as_str(), "", "no token at all"] {
        assert_eq!(redeem(&test, dead, "short").await, "not found", "{dead}");
    }
    assert_eq!(redeem(&test, &token, PASSWORD).await, "ok");
    assert_eq!(redeem(&test, &token, "another good one").await, "not found");
    assert!(enter(&test, PASSWORD).await.is_some());
    let told = test.told_after(known).await;
    let expected = [
        "user.created",
        "user.invited",
        "user.password_changed",
        "session.started",
    ];
    assert_eq!(told, expected);
    let entry = test.log_after(known + 2).await.remove(0);
    assert_eq!(entry.actor.expect("the person").username.as_str(), "guest");
}

#[tokio::test]
async fn an_invitation_is_good_for_three_days_and_the_newest_alone() {
    let test = AppFixture::open().await;
    let first = invite(&test).await;
    let second = invite(&test).await;
    assert_eq!(redeem(&test, &first, PASSWORD).await, "not found");
    test.clock.advance(INVITATION_TTL);
    assert_eq!(redeem(&test, &second, PASSWORD).await, "not found");
    let third = invite(&test).await;
    test.clock
        .advance(INVITATION_TTL - Duration::from_micros(1));
    assert_eq!(redeem(&test, &third, PASSWORD).await, "ok");
}

#[tokio::test]
async fn nobody_else_is_invited_by_the_same_name() {
    let test = AppFixture::open().await;
    let commands = &test.app.admin_commands;
    let token = invite(&test).await;
    let other_address = NewUser {
        email: Email::parse("other@example.org").expect("an address"),
        ..guest(Role::Client)
    };
    for other in [guest(Role::Superadmin), other_address] {
        let refused = commands.invite(other).await.map(drop);
        assert_eq!(word(refused), "this username is taken");
    }
    let other_name = NewUser {
        username: Username::parse("visitor").expect("a username"),
        ..guest(Role::Client)
    };
    let refused = commands.invite(other_name).await.map(drop);
    assert_eq!(word(refused), "this email address is taken");
    let name = LoginName::new("guest");
    commands
        .set_active(&name, false)
        .await
        .expect("deactivated");
    assert_eq!(
        commands.invite(guest(Role::Client)).await.ok(),
        Some(Invited::Inactive)
    );
    assert_eq!(redeem(&test, &token, PASSWORD).await, "not found");
    commands.set_active(&name, true).await.expect("activated");
    assert_eq!(
        redeem(&test, &token, PASSWORD).await,
        "not found",
        "it has ended"
    );
    let token = invite(&test).await;
    let password = NewPassword::parse("from the operator").expect("a password");
    commands.set_password(&name, &password).await.expect("set");
    assert_eq!(redeem(&test, &token, PASSWORD).await, "not found");
    let again = commands.invite(guest(Role::Client)).await;
    assert_eq!(again.ok(), Some(Invited::HasPassword));
}

#[tokio::test]
async fn of_many_at_once_one_sets_the_password_and_sessions_end() {
    let test = AppFixture::open().await;
    let token = invite(&test).await;
    let all = join_all((0..8).map(|n| {
        let (test, token) = (&test, &token);
        async move { redeem(test, token, &format!("{PASSWORD} {n}")).await }
    }));
    let outcomes = all.await;
    let count = |word: &str| outcomes.iter().filter(|outcome| *outcome == word).count();
    assert_eq!((count("ok"), count("not found")), (1, 7), "{outcomes:?}");
}
