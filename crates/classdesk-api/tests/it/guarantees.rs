//! Promises about tokens, errors, the log, bodies and the order of lists.

use std::time::Duration;

use classdesk_api::JSON_LIMIT;
use classdesk_domain::people::{AccessToken, SessionLimits, SessionRepository};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::forms::Form;
use crate::harness::{Answer, Client, PASSWORD, TestServer};
use crate::outage::INTERNAL_TEXT;
use crate::uploads::{bundle_path, upload_path};

const ME: &str = "/api/v1/auth/me/";
const LOGIN: &str = "/api/v1/auth/login/";
const TICKETS: &str = "/api/v1/tickets/";

async fn create_ticket(client: &Client<'_>) -> String {
    let body = json!({"title": "Help", "description": ""});
    let ticket = client.post(TICKETS, &body).await.check_json(201);
    format!("{TICKETS}{}/", ticket["id"])
}

async fn post_text(client: &Client<'_>, path: &str, media: &str, body: String) -> Answer {
    client
        .send(Method::POST, path, |request| {
            request.header("content-type", media).body(body)
        })
        .await
}

async fn upload(desk: &TestServer, client: &Client<'_>) -> Answer {
    let form = Form::new().file("file", "a", b"bytes");
    client.post_form(&upload_path(desk), form).await
}

/// One field of every item of a list.
async fn column(client: &Client<'_>, path: &str, name: &str) -> Vec<Value> {
    let list = client.get(path).await.check_json(200);
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[name].clone()).collect()
}

/// contract: conv.auth.hash
#[tokio::test]
async fn a_session_is_stored_under_the_hash_of_its_token() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let token = AccessToken::parse(client.token()).unwrap();
    let stored = desk.store.session(&token.hash()).await.unwrap();
    assert_eq!(stored.unwrap().user.id, desk.world.client.id);
    let known = AccessToken::from_bytes([7; 32]).hash();
    assert_eq!(known.as_bytes()[..], Sha256::digest([7; 32])[..]);
}

/// contract: conv.auth.token
#[tokio::test]
async fn how_long_a_token_holds_is_configured() {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let limits = SessionLimits {
        lifetime: minutes(10),
        idle: minutes(4),
    };
    let desk = TestServer::with(|domain| domain.sessions = limits, |_| {}, |api| api).await;
    let (idle, busy) = (desk.named("client").await, desk.named("client").await);
    desk.world.clock.advance(minutes(3));
    busy.get(ME).await.check_json(200);
    desk.world.clock.advance(minutes(3));
    busy.get(ME).await.check_json(200);
    idle.get(ME).await.check_problem(401, "unauthenticated");
    desk.world.clock.advance(minutes(3));
    busy.get(ME).await.check_json(200);
    desk.world.clock.advance(minutes(1));
    busy.get(ME).await.check_problem(401, "unauthenticated");
}

/// contract: conv.errors.status, conv.errors.document, conv.errors.401, conv.errors.405
/// contract: conv.errors.413, conv.errors.415, conv.errors.429
#[tokio::test]
async fn each_kind_of_error_has_its_status_and_headers() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let ticket = create_ticket(&client).await;
    let invalid = client.post(TICKETS, &json!({})).await;
    invalid.check_faults(&["title: required", "description: required"]);
    let nobody = desk.anonymous().get(TICKETS).await;
    nobody.check_problem(401, "unauthenticated");
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    let refused = writer.post(TICKETS, &json!({})).await;
    refused.check_problem(403, "forbidden");
    writer.get(&ticket).await.check_problem(404, "not-found");
    let eaten = client.delete(TICKETS).await;
    eaten.check_problem(405, "method-not-allowed");
    assert_eq!(eaten.header("allow"), "GET, HEAD, POST");
    let same = client.patch(&ticket, &json!({"status": "open"})).await;
    same.check_problem(409, "ticket-transition");
    let retitled = json!({"title": "a"});
    let late = client
        .send(Method::PATCH, &ticket, |request| {
            request.header("if-match", "\"other\"").json(&retitled)
        })
        .await;
    late.check_problem(412, "precondition-failed");
    let spaces = " ".repeat(JSON_LIMIT + 1);
    let large = post_text(&client, TICKETS, "application/json", spaces).await;
    large.check_problem(413, "too-large");
    let plain = post_text(&client, TICKETS, "text/plain", "Help".to_owned()).await;
    plain.check_problem(415, "unsupported-media-type");
    let wrong = json!({"username": "writer", "password": "a wrong password"});
    for _ in 0..5 {
        let refused = desk.anonymous().post(LOGIN, &wrong).await;
        refused.check_problem(401, "wrong-credentials");
    }
    let throttled = desk.anonymous().post(LOGIN, &wrong).await;
    throttled.check_problem(429, "too-many-logins");
    assert_eq!(throttled.header("retry-after"), "900");
}

/// contract: conv.errors.dependency, conv.errors.5xx
#[tokio::test]
async fn a_storage_that_is_down_is_503_and_nothing_else_is_told() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    desk.blobs.take_down();
    let failed = upload(&desk, &client).await;
    failed.check_problem(503, "unavailable");
    let wait: u64 = failed.header("retry-after").parse().unwrap();
    assert!(wait > 0);
    assert!(!failed.text().contains(INTERNAL_TEXT));
    client.get(ME).await.check_json(200);
}

/// contract: conv.errors.log, conv.request-id.log
#[tokio::test]
async fn the_log_tells_what_the_answer_does_not() {
    let log = crate::log_lines::collect();
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    desk.blobs.take_down();
    let failed = upload(&desk, &client).await;
    let id = failed.header("x-request-id").to_owned();
    let lines = log.with(&format!("request_id={id}"));
    assert!(
        lines.iter().any(|line| line.contains(INTERNAL_TEXT)),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("status=503")),
        "{lines:?}"
    );
    for line in log.with("classdesk_http") {
        assert!(line.contains("request_id="), "{line}");
    }
    assert!(!log.text().contains(client.token()) && !log.text().contains(PASSWORD));
}

/// contract: conv.lists.array, conv.lists.limit, conv.lists.link
#[tokio::test]
async fn a_page_has_fifty_items_unless_it_is_asked_for_up_to_two_hundred() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for _ in 0..51 {
        create_ticket(&client).await;
    }
    let length = async |query: &str| {
        let answer = client.get(&format!("{TICKETS}{query}")).await;
        let list = answer.check_json(200);
        (list.as_array().unwrap().len(), answer.next_page())
    };
    let (first, next) = length("").await;
    assert_eq!(first, 50);
    let query = next.unwrap().strip_prefix(TICKETS).unwrap().to_owned();
    assert_eq!(length(&query).await, (1, None));
    for query in ["?limit=51", "?limit=200"] {
        assert_eq!(length(query).await, (51, None), "{query}");
    }
    assert_eq!(length("?limit=1").await.0, 1);
    for query in ["?limit=0", "?limit=201", "?cursor=x"] {
        let refused = client.get(&format!("{TICKETS}{query}")).await;
        refused.check_problem(400, "validation");
    }
}

/// contract: conv.limits.body, conv.limits.text
#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let body = r#"{"title": " Help\n", "description": ""}"#;
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let taken = post_text(&client, TICKETS, "application/json", padded(256 * 1024)).await;
    assert_eq!(taken.check_json(201)["title"], "Help");
    let large = post_text(&client, TICKETS, "application/json", padded(256 * 1024 + 1)).await;
    large.check_problem(413, "too-large");
    let nul = json!({"title": "a\0b", "description": "\0"});
    let refused = client.post(TICKETS, &nul).await;
    refused.check_faults(&["title: nul_character", "description: nul_character"]);
}

/// contract: bundles.files, bundles.tickets, bundles.file, perm.file.change
#[tokio::test]
async fn files_and_tickets_of_a_bundle_come_newest_first() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let bundle = bundle_path(&desk);
    let (mut files, mut tickets) = (Vec::new(), Vec::new());
    for name in ["a", "b", "c"] {
        desk.world.tick();
        let form = Form::new().file("file", name, b"bytes");
        let file = client.post_form(&upload_path(&desk), form).await;
        files.insert(0, file.check_json(201)["id"].clone());
        let body = json!({"title": name, "description": "words"});
        let ticket = client.post(&format!("{bundle}create_ticket/"), &body).await;
        tickets.insert(0, ticket.check_json(201)["id"].clone());
    }
    assert_eq!(
        column(&client, &format!("{bundle}files/"), "id").await,
        files
    );
    assert_eq!(
        column(&client, &format!("{bundle}tickets/"), "id").await,
        tickets
    );
    let path = format!("{bundle}files/{}/", files[1]);
    let described = client.patch(&path, &json!({"description": " More "})).await;
    assert_eq!(described.check_json(200)["description"], "More");
    let writer = desk.named("writer").await;
    let refused = writer.patch(&path, &json!({"description": "x"})).await;
    refused.check_problem(403, "forbidden");
    writer.delete(&path).await.check_problem(403, "forbidden");
    client.delete(&path).await.check_no_content();
    client.get(&path).await.check_problem(404, "not-found");
    files.remove(1);
    assert_eq!(
        column(&client, &format!("{bundle}files/"), "id").await,
        files
    );
}

/// contract: perm.requester.kept
#[tokio::test]
async fn a_requester_keeps_a_ticket_when_its_subject_gets_another_client() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let other = desk.named("other_client").await;
    let order = "/api/v1/subjects/order/42/";
    let mut body = json!({"client_id": desk.world.client.id.get(), "label": "An order"});
    admin.put(order, &body).await.check_json(201);
    let about = json!({
        "title": "Help", "description": "words", "content_type": "order", "object_id": 42,
    });
    let ticket = client.post(TICKETS, &about).await.check_json(201);
    let path = format!("{TICKETS}{}/", ticket["id"]);

    body["client_id"] = json!(desk.world.other_client.id.get());
    admin.put(order, &body).await.check_json(200);
    other.get(order).await.check_json(200);
    assert_eq!(client.get(&path).await.check_json(200), ticket);
    assert_eq!(column(&client, TICKETS, "id").await, [ticket["id"].clone()]);
    let message = json!({"message": "Still me"});
    let sent = client.post(&format!("{path}messages/"), &message).await;
    sent.check_json(201);
    let closed = client.patch(&path, &json!({"status": "closed"})).await;
    closed.check_json(200);
    other.get(&path).await.check_problem(404, "not-found");
    assert_eq!(column(&other, TICKETS, "id").await, [] as [Value; 0]);
}
