//! Where clients come from, behind a proxy that is trusted.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, PASSWORD, TestServer};

const LOGIN: &str = "/api/v1/auth/login/";

async fn behind_a_proxy() -> TestServer {
    let trusted = "127.0.0.0/8".parse().unwrap();
    let trust = |settings: &mut classdesk_http::Settings| settings.trusted_proxies.push(trusted);
    TestServer::with(|_| {}, trust, |api| api).await
}

/// A login that a proxy forwards with this entry.
async fn login(desk: &TestServer, name: &str, password: &str, forwarded_for: &str) -> Answer {
    let body = json!({"username": name, "password": password});
    let anonymous = desk.anonymous();
    let complete = |request: reqwest::RequestBuilder| {
        request.json(&body).header("x-forwarded-for", forwarded_for)
    };
    anonymous.send(Method::POST, LOGIN, complete).await
}

/// Checks that twenty failures from some of these addresses slow the others down.
async fn check_one_sender(entry: impl Fn(u32) -> String, elsewhere: &str) {
    let desk = behind_a_proxy().await;
    for number in 0..20 {
        let name = format!("nobody{number}");
        let refused = login(&desk, &name, "a wrong password", &entry(number)).await;
        refused.check_problem(401, "wrong-credentials");
    }
    let refused = login(&desk, "client", PASSWORD, &entry(20)).await;
    refused.check_problem(429, "too-many-logins");
    login(&desk, "client", PASSWORD, elsewhere)
        .await
        .check_json(200);
}

/// contract: conv.login.address, conv.errors.429
#[tokio::test]
async fn twenty_failures_slow_an_address_down() {
    check_one_sender(|_| "192.0.2.1".to_owned(), "192.0.2.2").await;
}

/// contract: conv.login.address
#[tokio::test]
async fn a_port_and_brackets_make_no_other_address() {
    check_one_sender(
        |n| format!("198.51.100.7:{}", 40_000 + n),
        "203.0.113.9:40000",
    )
    .await;
    check_one_sender(
        |n| match n % 3 {
            0 => "2001:db8::7".to_owned(),
            1 => "[2001:db8::7]".to_owned(),
            _ => format!("[2001:db8::7]:{}", 40_000 + n),
        },
        "[2001:db8:1::7]",
    )
    .await;
    check_one_sender(
        |n| match n % 2 {
            0 => "198.51.100.7".to_owned(),
            _ => format!("[::ffff:198.51.100.7]:{}", 40_000 + n),
        },
        "::ffff:198.51.100.8",
    )
    .await;
}

/// contract: conv.login.address
#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    check_one_sender(|n| format!("2001:db8:1:2::{n:x}"), "2001:db8:1:3::1").await;
}

#[tokio::test]
async fn a_session_shows_the_address_alone() {
    let desk = behind_a_proxy().await;
    for (forwarded_for, expected) in [
        ("198.51.100.7:51515", "198.51.100.7"),
        ("[2001:db8:1:2::7]:51515", "2001:db8:1:2::7"),
        ("::ffff:198.51.100.8", "198.51.100.8"),
    ] {
        let entered = login(&desk, "client", PASSWORD, forwarded_for).await;
        let entered = entered.check_json(200);
        let client = desk.with_token(entered["access_token"].as_str().unwrap());
        let sessions = client.get("/api/v1/auth/sessions/").await.check_json(200);
        assert_eq!(sessions[0]["address"], expected);
    }
}

/// contract: conv.login.unreadable
#[tokio::test]
async fn an_entry_that_is_no_address_is_one_warning() {
    let log = crate::log_lines::collect();
    let desk = behind_a_proxy().await;
    let warnings = async |forwarded_for: &str| {
        let answer = login(&desk, "client", PASSWORD, forwarded_for).await;
        answer.check_json(200);
        let lines = log.with(answer.header("x-request-id")).into_iter();
        lines
            .filter(|line| line.contains("WARN"))
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings("198.51.100.7:51515").await, [] as [&str; 0]);
    let lines = warnings("192.0.2.1, un\tknown").await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(r#"entry="un\tknown" address=127.0.0.1"#),
        "{lines:?}"
    );
}
