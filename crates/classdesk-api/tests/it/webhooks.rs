//! Webhooks: how they are managed, and what is sent.

use classdesk_domain::text::{Description, MessageText, Title};
use classdesk_domain::tickets::{NewTicket, NewTicketMessage, TicketCategory, TicketPriority};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Client, TestServer};

const WEBHOOKS: &str = "/api/v1/webhooks/";

async fn create(admin: &Client<'_>) -> Value {
    let body = json!({"url": "https://hooks.example/a?key=b", "description": "CRM"});
    admin.post(WEBHOOKS, &body).await.check_json(201)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}{}/", webhook["id"])
}

/// Queues what happened and sends it, as the server's jobs do.
async fn send_all(desk: &TestServer) {
    let deliveries = &desk.classdesk.webhook_deliveries;
    while deliveries.queue_events().await.unwrap() {}
    while let Some(lease) = deliveries.lease().await.unwrap() {
        deliveries.deliver(lease, || false).await.unwrap();
    }
}

/// A ticket with an internal note, of which no word may leave the desk.
async fn secret_ticket(desk: &TestServer) {
    let tickets = &desk.classdesk.tickets;
    let new = NewTicket {
        title: Title::parse("Secret title").unwrap(),
        description: Description::parse("Secret description").unwrap(),
        priority: TicketPriority::Low,
        category: TicketCategory::General,
    };
    let ticket = tickets.create(desk.world.client, new).await.unwrap().id;
    for is_internal in [false, true] {
        let note = NewTicketMessage {
            text: MessageText::parse("Secret text").unwrap(),
            is_internal,
        };
        let added = tickets.add_message(desk.world.admin, ticket, note).await;
        added.unwrap();
    }
}

/// contract: webhooks.manage
#[tokio::test]
async fn a_webhook_is_created_changed_and_removed() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let created = create(&admin).await;
    let secret = created["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "{secret}"
    );
    for (field, expected) in [
        ("url", json!("https://hooks.example/a?key=b")),
        ("types", json!(["*"])),
        ("include_internal", json!(false)),
        ("description", json!("CRM")),
        ("is_active", json!(true)),
        ("disabled_reason", json!(null)),
        ("last_success_at", json!(null)),
        ("failing_since", json!(null)),
        ("version", json!(1)),
    ] {
        assert_eq!(created[field], expected, "{field}");
    }
    assert_eq!(created["created_by"]["username"], "admin");
    let read = admin.get(&path(&created)).await;
    let tag = read.header("etag").to_owned();
    let webhook = read.check_json(200);
    assert_eq!(webhook["secret"], Value::Null, "it is shown once");
    let listed = admin.get(WEBHOOKS).await.check_json(200);
    assert_eq!(listed, json!([webhook]));

    let change = json!({"types": ["ticket.*"], "include_internal": true, "is_active": false});
    let conditional = |tag: String| {
        let (admin, path, change) = (&admin, path(&created), change.clone());
        async move {
            let answer = admin.send(Method::PATCH, &path, |request| {
                request.json(&change).header("if-match", tag)
            });
            answer.await
        }
    };
    let changed = conditional(tag.clone()).await.check_json(200);
    assert_eq!(changed["types"], json!(["ticket.*"]));
    assert_eq!(changed["include_internal"], true);
    assert_eq!(changed["disabled_reason"], "manual");
    assert_eq!(changed["version"], 2);
    let stale = conditional(tag).await;
    stale.check_problem(412, "precondition-failed");
    admin.delete(&path(&created)).await.check_no_content();
    let gone = admin.get(&path(&created)).await;
    gone.check_problem(404, "not-found");
}

/// contract: webhooks.url, webhooks.types
#[tokio::test]
async fn the_faults_of_a_webhook_are_named() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let fault = async |body: Value, expected: &[&str]| {
        admin.post(WEBHOOKS, &body).await.check_faults(expected);
    };
    fault(json!({}), &["url: required"]).await;
    let inside = json!({"url": "http://127.0.0.1/"});
    fault(inside, &["url: webhook_url"]).await;
    for types in [json!([]), json!("*"), json!(["message.*", 1])] {
        let code = if types == json!([]) {
            "blank"
        } else {
            "wrong_type"
        };
        let body = json!({"url": "https://a.example", "types": types});
        fault(body, &[&format!("types: {code}")]).await;
    }
    let audit_only = json!({"url": "https://a.example", "types": ["user.created"]});
    fault(audit_only, &["types: not_a_choice"]).await;
    let webhook = create(&admin).await;
    let replay = format!("{}replay/", path(&webhook));
    for (body, expected) in [
        (json!({}), "after: required"),
        (json!({"until": 3}), "after: required"),
        (json!({"after": -1}), "after: out_of_range"),
        (
            json!({"after": 1, "since": "2026-03-01T10:00:00Z"}),
            "since: mutually_exclusive",
        ),
        (
            json!({"after": 1, "until": "2026-03-01T10:00:00Z"}),
            "until: other_kind",
        ),
        (
            json!({"since": "2026-03-01T10:00:00Z", "until": 1}),
            "until: other_kind",
        ),
    ] {
        admin.post(&replay, &body).await.check_faults(&[expected]);
    }
    let rotate = format!("{}rotate_secret/", path(&webhook));
    let refused = admin.post(&rotate, &json!({"keep_old_hours": 169})).await;
    refused.check_faults(&["keep_old_hours: out_of_range"]);
    let list = format!("{}deliveries/?state=lost&type=user.created", path(&webhook));
    let refused = admin.get(&list).await;
    refused.check_faults(&["state: not_a_choice", "type: not_a_choice"]);
}

/// contract: webhooks.limit
#[tokio::test]
async fn there_are_twenty_webhooks_at_most() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    for _ in 0..20 {
        create(&admin).await;
    }
    let body = json!({"url": "https://hooks.example/"});
    let refused = admin.post(WEBHOOKS, &body).await;
    refused.check_problem(409, "too-many-webhooks");
}

/// contract: webhooks.rotation
#[tokio::test]
async fn a_repeated_request_gets_the_secret_that_the_first_one_made() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let with_key = async |path: &str, body: Value| {
        let answer = admin.send(Method::POST, path, |request| {
            request.json(&body).header("idempotency-key", "key")
        });
        answer.await.check_json(201)
    };
    let body = json!({"url": "https://hooks.example/"});
    let created = with_key(WEBHOOKS, body.clone()).await;
    assert_eq!(with_key(WEBHOOKS, body).await, created);
    let rotate = format!("{}rotate_secret/", path(&created));
    let rotated = with_key(&rotate, json!({})).await;
    assert_ne!(rotated["secret"], created["secret"]);
    assert!(rotated["old_valid_until"].is_string());
    assert_eq!(with_key(&rotate, json!({})).await, rotated);
    let again = admin.post(&rotate, &json!({})).await;
    again.check_problem(409, "secret-rotating");
}

/// contract: webhooks.thin, webhooks.internal
#[tokio::test]
async fn what_is_sent_names_things_and_repeats_no_text() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let webhook = create(&admin).await;
    secret_ticket(&desk).await;
    send_all(&desk).await;
    let list = format!("{}deliveries/", path(&webhook));
    let deliveries = admin.get(&list).await.check_json(200);
    let types: Vec<_> = (deliveries.as_array().unwrap().iter())
        .map(|delivery| delivery["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["ticket.message_added", "ticket.created"]);
    let detail = format!("{list}{}/", deliveries[0]["id"]);
    let delivery = admin.get(&detail).await.check_json(200);
    assert_eq!(delivery["state"], "delivered");
    assert_eq!(delivery["attempt_count"], 1);
    let attempt = &delivery["attempts"][0];
    assert_eq!(
        (&attempt["status"], &attempt["error"]),
        (&json!(200), &Value::Null)
    );
    let body = attempt["response"].as_str().unwrap();
    assert!(!body.contains("Secret"), "{body}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "ticket.message_added");
    assert_eq!(body["timestamp"], body["data"]["at"]);
    assert_eq!(body["data"]["id"], delivery["event"]);
    assert_eq!(body["data"]["actor"]["username"], "admin");
    assert_eq!(body["data"]["content_type"], "ticket");

    let filtered = format!("{list}?type=ticket.created&state=delivered");
    let filtered = admin.get(&filtered).await.check_json(200);
    assert_eq!(filtered.as_array().unwrap().len(), 1);
}

/// contract: webhooks.replay, webhooks.ping
#[tokio::test]
async fn deliveries_are_asked_for_by_hand() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let webhook = create(&admin).await;
    let ask = async |below: &str, body: Option<Value>| {
        let path = format!("{}{below}", path(&webhook));
        let answer = admin.send(Method::POST, &path, |request| match body {
            Some(body) => request.json(&body),
            None => request,
        });
        answer.await
    };
    let ping = ask("ping/", None).await.check_json(202);
    assert_eq!(
        (&ping["type"], &ping["event"]),
        (&json!("webhook.ping"), &Value::Null)
    );
    assert_eq!(ping["state"], "pending");
    secret_ticket(&desk).await;
    send_all(&desk).await;
    let queued = ask("replay/", Some(json!({"after": 0})))
        .await
        .check_json(202);
    assert_eq!(queued, json!({"queued": 2}));
    let retry = format!("deliveries/{}/retry/", ping["id"]);
    let retried = ask(&retry, None).await.check_json(202);
    assert_eq!(
        (&retried["id"], &retried["state"]),
        (&ping["id"], &json!("pending"))
    );
    let missing = ask("deliveries/9999/retry/", None).await;
    missing.check_problem(404, "not-found");
    let off = admin
        .patch(&path(&webhook), &json!({"is_active": false}))
        .await;
    off.check_json(200);
    let refused = ask("replay/", Some(json!({"after": 0}))).await;
    refused.check_problem(409, "webhook-inactive");
    send_all(&desk).await;
    let read = format!("{}deliveries/{}/", path(&webhook), ping["id"]);
    let sent = admin.get(&read).await.check_json(200);
    let body = sent["attempts"][0]["response"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "webhook.ping");
    assert_eq!(body["data"], json!({"webhook": webhook["id"]}));
}
