//! Signing in and out.

use std::time::Duration;

use classdesk_domain::people::Role;
use serde_json::json;

use crate::harness::{PASSWORD, TestServer};

const LOGIN: &str = "/api/v1/auth/login/";

/// contract: auth.login, auth.me
#[tokio::test]
async fn login_takes_username_or_email_and_answers_a_token_that_works() {
    let desk = TestServer::start().await;
    for name in ["client", "client@example.com", " CLIENT "] {
        let body = json!({"username": name, "password": PASSWORD});
        let answer = desk.anonymous().post(LOGIN, &body).await.check_json(200);
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_at"], "2026-03-15T10:00:01.000000Z");
        assert_eq!(
            answer["user"],
            json!({
                "id": desk.world.client.id.get(), "username": "client",
                "email": "client@example.com", "display_name": "client", "role": "client",
                "is_active": true, "external_id": null, "language": "en", "time_zone": "UTC",
                "created_at": "2026-03-01T10:00:00.000000Z",
                "last_login_at": "2026-03-01T10:00:01.000000Z",
                "version": answer["user"]["version"].as_i64().unwrap(),
            })
        );
        let token = answer["access_token"].as_str().unwrap();
        let me = desk.with_token(token).get("/api/v1/auth/me/").await;
        assert_eq!(me.check_json(200), answer["user"]);
    }
}

/// contract: conv.login.same, conv.errors.401
#[tokio::test]
async fn every_failed_login_looks_the_same() {
    let desk = TestServer::start().await;
    desk.classdesk
        .users
        .change(
            &desk.world.admin,
            desk.world.writer.id,
            classdesk_domain::people::UserChange {
                is_active: Some(false),
                ..Default::default()
            },
        )
        .await
        .unwrap();
    let mut answers = Vec::new();
    for (name, password) in [
        ("client", "a wrong password"),
        ("nobody", PASSWORD),
        ("writer", PASSWORD),
        ("\u{0}", PASSWORD),
    ] {
        let body = json!({"username": name, "password": password});
        let answer = desk.anonymous().post(LOGIN, &body).await;
        answer.check_problem(401, "wrong-credentials");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answers.push(answer.without_request_id());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn a_refused_login_is_logged_with_its_account_and_nothing_that_was_typed() {
    let log = crate::log_lines::collect();
    let desk = TestServer::start().await;
    let account = format!("account={} ", desk.world.client.id);
    let refused = async |name: &str| {
        let body = json!({"username": name, "password": "typed in anger"});
        let answer = desk.anonymous().post(LOGIN, &body).await;
        let id = format!("request_id={}", answer.header("x-request-id"));
        let lines = log.with(&id).into_iter();
        let lines: Vec<_> = lines
            .filter(|line| line.contains("a login was refused"))
            .collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("WARN") && lines[0].contains("address=127.0.0.1"),
            "{lines:?}"
        );
        lines[0].clone()
    };
    for _ in 0..5 {
        let line = refused("client@example.com").await;
        assert!(
            line.contains(&account) && line.contains("wrong credentials"),
            "{line}"
        );
    }
    let line = refused(" Client@Example.com\n").await;
    assert!(
        line.contains(&account) && line.contains("too many failures"),
        "{line}"
    );
    let line = refused("a password typed as a name").await;
    assert!(!line.contains("account="), "{line}");
    for typed in ["typed in anger", "typed as a name", "Client@Example.com"] {
        assert!(!log.text().contains(typed), "{typed}");
    }
}

/// contract: conv.login.throttle, conv.errors.429
#[tokio::test]
async fn five_failures_slow_an_account_down() {
    let desk = TestServer::start().await;
    for name in ["client", "nobody"] {
        let wrong = json!({"username": name, "password": "a wrong password"});
        for _ in 0..5 {
            let answer = desk.anonymous().post(LOGIN, &wrong).await;
            answer.check_problem(401, "wrong-credentials");
        }
        let right = json!({"username": name, "password": PASSWORD});
        let answer = desk.anonymous().post(LOGIN, &right).await;
        answer.check_problem(429, "too-many-logins");
        assert_eq!(answer.header("retry-after"), "900");
    }
    desk.world.clock.advance(Duration::from_secs(900));
    let right = json!({"username": "client", "password": PASSWORD});
    desk.anonymous().post(LOGIN, &right).await.check_json(200);
}

#[tokio::test]
async fn a_login_body_is_checked() {
    let desk = TestServer::start().await;
    let check = async |body: serde_json::Value, faults: &[&str]| {
        desk.anonymous()
            .post(LOGIN, &body)
            .await
            .check_faults(faults);
    };
    check(json!({}), &["username: required", "password: required"]).await;
    check(
        json!({"username": 1, "password": null, "remember": true}),
        &[
            "username: wrong_type",
            "password: wrong_type",
            "remember: unknown_field",
        ],
    )
    .await;
    check(
        json!({"username": " ", "password": ""}),
        &["username: blank", "password: blank"],
    )
    .await;
}

/// contract: conv.auth.bearer, conv.errors.401
#[tokio::test]
async fn without_a_live_token_everything_is_401_and_nothing_says_why() {
    let desk = TestServer::start().await;
    let token = desk.named("client").await.token().to_owned();
    let mut answers = Vec::new();
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer garbage".to_owned()),
        Some(format!("Bearer {}", "A".repeat(43))),
        Some(format!("Basic {token}")),
        Some(token.clone()),
        Some(format!("Bearer {token} {token}")),
    ];
    for header in headers {
        let answer = desk
            .anonymous()
            .send(
                reqwest::Method::GET,
                "/api/v1/auth/me/",
                |request| match &header {
                    Some(value) => request.header("authorization", value),
                    None => request,
                },
            )
            .await;
        answer.check_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answers.push(answer.without_request_id());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let scheme_in_any_case = desk
        .anonymous()
        .send(reqwest::Method::GET, "/api/v1/auth/me/", |request| {
            request.header("authorization", format!("bearer {token}"))
        })
        .await;
    scheme_in_any_case.check_json(200);
}

/// contract: conv.auth.token
#[tokio::test]
async fn a_token_ends_by_age_and_by_disuse() {
    const HOUR: Duration = Duration::from_secs(3600);
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for _ in 0..(14 * 24 / 23) {
        desk.world.clock.advance(23 * HOUR);
        client.get("/api/v1/auth/me/").await.check_json(200);
    }
    desk.world.clock.advance(14 * HOUR);
    let aged = client.get("/api/v1/auth/me/").await;
    aged.check_problem(401, "unauthenticated");

    let client = desk.named("client").await;
    desk.world.clock.advance(24 * HOUR);
    let idle = client.get("/api/v1/auth/me/").await;
    idle.check_problem(401, "unauthenticated");
}

/// contract: auth.logout, conv.auth.death
#[tokio::test]
async fn logout_ends_one_session_and_logout_all_every_one() {
    let desk = TestServer::start().await;
    let (one, two, three) = (
        desk.named("client").await,
        desk.named("client").await,
        desk.named("client").await,
    );
    let other = desk.named("writer").await;
    one.post("/api/v1/auth/logout/", &json!({}))
        .await
        .check_no_content();
    one.get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
    two.get("/api/v1/auth/me/").await.check_json(200);
    two.post("/api/v1/auth/logout_all/", &json!({}))
        .await
        .check_no_content();
    for dead in [two, three] {
        dead.get("/api/v1/auth/me/")
            .await
            .check_problem(401, "unauthenticated");
    }
    other.get("/api/v1/auth/me/").await.check_json(200);
}

/// contract: auth.change-password, conv.auth.death
#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let desk = TestServer::start().await;
    let (this, other) = (desk.named("client").await, desk.named("client").await);
    let change =
        |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/auth/change_password/";

    let wrong = this
        .post(path, &change("a wrong password", "staple that is new"))
        .await;
    wrong.check_faults(&["current_password: wrong_password"]);
    let unfit = this
        .post(path, &change(PASSWORD, "the client himself"))
        .await;
    unfit.check_faults(&["new_password: password_contains_username"]);
    let short = this
        .post(path, &json!({"new_password": "short", "more": 1}))
        .await;
    short.check_faults(&[
        "current_password: required",
        "new_password: too_short",
        "more: unknown_field",
    ]);
    other.get("/api/v1/auth/me/").await.check_json(200);

    this.post(path, &change(PASSWORD, "staple that is new"))
        .await
        .check_no_content();
    this.get("/api/v1/auth/me/").await.check_json(200);
    other
        .get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
    let old = json!({"username": "client", "password": PASSWORD});
    desk.anonymous()
        .post(LOGIN, &old)
        .await
        .check_problem(401, "wrong-credentials");
    let new = json!({"username": "client", "password": "staple that is new"});
    desk.anonymous().post(LOGIN, &new).await.check_json(200);
}

/// contract: auth.sessions
#[tokio::test]
async fn people_see_and_end_their_own_sessions() {
    let desk = TestServer::start().await;
    let (first, second) = (desk.named("client").await, desk.named("client").await);
    let stranger = desk.named("writer").await;
    let sessions = second.get("/api/v1/auth/sessions/").await.check_json(200);
    let ids: Vec<i64> = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids[0] > ids[1], "newest first");
    assert_eq!(sessions[0]["is_current"], true);
    assert_eq!(sessions[1]["is_current"], false);
    assert_eq!(sessions[0]["address"], "127.0.0.1");

    let path = format!("/api/v1/auth/sessions/{}/", ids[1]);
    stranger.delete(&path).await.check_problem(404, "not-found");
    second.delete(&path).await.check_no_content();
    second.delete(&path).await.check_problem(404, "not-found");
    first
        .get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
}

/// contract: conv.auth.death, perm.inactive
#[tokio::test]
async fn deactivation_ends_every_session_at_once() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let person = desk.add_user("leaver", Role::Writer).await;
    let leaver = desk.client_of(person).await;
    leaver.get("/api/v1/auth/me/").await.check_json(200);
    let path = format!("/api/v1/users/{}/", person.id);
    admin
        .patch(&path, &json!({"is_active": false}))
        .await
        .check_json(200);
    leaver
        .get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
    admin
        .patch(&path, &json!({"is_active": true}))
        .await
        .check_json(200);
    leaver
        .get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
}

/// contract: conv.login.change
#[tokio::test]
async fn wrong_present_passwords_slow_an_account_down_and_end_no_session() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = "/api/v1/auth/change_password/";
    let wrong =
        json!({"current_password": "a wrong password", "new_password": "staple that is new"});
    for _ in 0..5 {
        let refused = client.post(path, &wrong).await;
        refused.check_faults(&["current_password: wrong_password"]);
    }
    let right = json!({"current_password": PASSWORD, "new_password": "staple that is new"});
    let throttled = client.post(path, &right).await;
    throttled.check_problem(429, "too-many-logins");
    assert_eq!(throttled.header("retry-after"), "900");
    client.get("/api/v1/auth/me/").await.check_json(200);
    let login = json!({"username": "client", "password": PASSWORD});
    let throttled = desk.anonymous().post(LOGIN, &login).await;
    throttled.check_problem(429, "too-many-logins");
    desk.world.clock.advance(Duration::from_secs(900));
    client.post(path, &right).await.check_no_content();
}

/// contract: conv.login.failures
#[tokio::test]
async fn twenty_right_logins_at_once_are_all_answered() {
    let desk = TestServer::start().await;
    let login = json!({"username": "client", "password": PASSWORD});
    let anonymous = desk.anonymous();
    let logins = (0..20).map(|_| anonymous.post(LOGIN, &login));
    for answer in futures_util::future::join_all(logins).await {
        answer.check_json(200);
    }
}
