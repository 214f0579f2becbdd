//! The feed as pages.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, TestServer};
use crate::uploads::bundle_path;

pub(crate) const EVENTS: &str = "/api/v1/events/";

/// Opens a thread of the writer with the client, and gives its path.
pub(crate) async fn open_thread(desk: &TestServer, by: &Client<'_>) -> String {
    let path = format!("{}create_thread/", bundle_path(desk));
    let body = json!({"recipient_id": desk.world.client.id.get()});
    let thread = by.post(&path, &body).await.check_json(201);
    format!("/api/v1/communications/threads/{}/", thread["id"])
}

pub(crate) async fn say(by: &Client<'_>, thread: &str) {
    let path = format!("{thread}messages/");
    by.post(&path, &json!({"message": "Hello"}))
        .await
        .check_json(201);
}

pub(crate) async fn open_ticket(by: &Client<'_>) -> String {
    let body = json!({"title": "Help", "description": "now"});
    let ticket = by.post("/api/v1/tickets/", &body).await.check_json(201);
    format!("/api/v1/tickets/{}/", ticket["id"])
}

pub(crate) async fn add_note(by: &Client<'_>, ticket: &str, is_internal: bool) {
    let body = json!({"message": "A note", "is_internal": is_internal});
    let path = format!("{ticket}messages/");
    by.post(&path, &body).await.check_json(201);
}

fn types(page: &Answer) -> Vec<String> {
    let events = page.check_json(200);
    let events = events.as_array().unwrap().iter();
    events
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

fn last_event_id(page: &Answer) -> i64 {
    page.header("last-event-id").parse().unwrap()
}

/// contract: events.page, events.thin
#[tokio::test]
async fn an_event_names_things_and_says_nothing_of_them() {
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let change = json!({"priority": "high", "title": "Other words", "assigned_to": desk.world.editor.id.get()});
    editor.patch(&ticket, &change).await.check_json(200);
    let page = client.get(EVENTS).await;
    let events = page.check_json(200);
    let created = &events[0];
    let id: i64 = ticket.rsplit('/').nth(1).unwrap().parse().unwrap();
    let expected = json!({
        "id": created["id"], "type": "ticket.created", "at": created["at"],
        "actor": {
            "id": desk.world.client.id.get(), "username": "client", "display_name": "client",
            "role": "client",
        },
        "content_type": "ticket", "object_id": id, "subject": null, "thread": null, "ticket": id,
        "from": null, "to": null,
    });
    assert_eq!(*created, expected);
    let values = |name: &str| {
        let event = events
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["type"] == name);
        let event = event.unwrap();
        (event["from"].clone(), event["to"].clone())
    };
    assert_eq!(
        values("ticket.priority_changed"),
        (json!("medium"), json!("high"))
    );
    assert_eq!(values("ticket.title_changed"), (Value::Null, Value::Null));
    let (from, to) = values("ticket.assigned");
    assert_eq!((from, &to["username"]), (Value::Null, &json!("editor")));
    assert!(!page.text().contains("words"), "{}", page.text());
}

/// A client that goes from page to page mirrors what it may see, and nothing else.
///
/// contract: events.page, events.visible, events.order
#[tokio::test]
async fn pages_lead_on_to_everything_that_is_in_sight() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let (editor, stranger) = (desk.named("editor").await, desk.named("other_client").await);
    let thread = open_thread(&desk, &writer).await;
    let ticket = open_ticket(&client).await;
    for _ in 0..3 {
        say(&client, &thread).await;
        add_note(&editor, &ticket, true).await;
        add_note(&editor, &ticket, false).await;
    }
    let follow = async |who: &Client<'_>| {
        let mut seen = Vec::new();
        let mut path = format!("{EVENTS}?limit=2");
        loop {
            let page = who.get(&path).await;
            assert_eq!(page.header("vary"), "Accept");
            let told = types(&page);
            if told.is_empty() {
                return seen;
            }
            seen.extend(told);
            path = page.next_page().unwrap();
        }
    };
    let count = |seen: &[String], name: &str| seen.iter().filter(|one| *one == name).count();
    let seen = follow(&client).await;
    assert_eq!(count(&seen, "message.sent"), 3);
    assert_eq!(count(&seen, "ticket.message_added"), 3);
    assert_eq!(count(&follow(&editor).await, "ticket.message_added"), 6);
    assert_eq!(count(&follow(&writer).await, "ticket.message_added"), 0);
    assert_eq!(follow(&stranger).await, [""; 0]);
}

/// contract: events.page
#[tokio::test]
async fn a_page_without_an_event_moves_on_too() {
    let desk = TestServer::start().await;
    let (client, stranger) = (desk.named("client").await, desk.named("other_client").await);
    let before = last_event_id(&stranger.get(&format!("{EVENTS}?after=latest")).await);
    open_ticket(&client).await;
    let page = stranger.get(&format!("{EVENTS}?after={before}")).await;
    assert_eq!(types(&page), [""; 0]);
    assert!(last_event_id(&page) > before);
    let next = format!("{EVENTS}?after={}", last_event_id(&page));
    assert_eq!(page.next_page().unwrap(), next);
}

/// contract: events.filter
#[tokio::test]
async fn events_are_filtered_by_type_and_subject() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_thread(&desk, &writer).await;
    say(&client, &thread).await;
    open_ticket(&client).await;
    let told = async |query: &str| types(&client.get(&format!("{EVENTS}?{query}")).await);
    assert_eq!(told("types=message.sent").await, ["message.sent"]);
    let some = told("types=thread.*,ticket.created").await;
    assert_eq!(some, ["thread.created", "ticket.created"]);
    let bundle = format!("content_type=class_bundle&object_id={}", desk.world.bundle);
    assert_eq!(told(&bundle).await, ["thread.created", "message.sent"]);
    assert_eq!(told("content_type=order&object_id=1").await, [""; 0]);
}

/// contract: events.page
#[tokio::test]
async fn what_is_wrong_with_a_question_is_named() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let get = async |query: &str| client.get(&format!("{EVENTS}?{query}")).await;
    for (query, faults) in [
        ("after=-1", &["after: position"][..]),
        ("after=01", &["after: position"]),
        ("after=newest", &["after: position"]),
        ("types=message.read", &["types: not_a_choice"]),
        ("types=user.created", &["types: not_a_choice"]),
        ("types=message.*,", &["types: not_a_choice"]),
        ("wait=31", &["wait: out_of_range"]),
        (
            "limit=0&wait=x",
            &["limit: out_of_range", "wait: wrong_type"],
        ),
        ("content_type=class_bundle", &["object_id: required"]),
        ("object_id=1", &["content_type: required"]),
        ("cursor=x", &["cursor: unknown_field"]),
    ] {
        get(query).await.check_faults(faults);
    }
    let last = last_event_id(&get("after=latest").await);
    let lost = get(&format!("after={}", last + 1)).await;
    let problem = lost.check_problem(410, "position-lost");
    assert_eq!(problem["last_event_id"], last);
    let as_html = client.send(Method::GET, EVENTS, |request| {
        request.header("accept", "text/html")
    });
    as_html.await.check_problem(406, "not-acceptable");
    desk.anonymous()
        .get(EVENTS)
        .await
        .check_problem(401, "unauthenticated");
}

/// contract: events.wait
#[tokio::test]
async fn a_wait_ends_with_the_first_event_in_sight() {
    let desk = TestServer::start().await;
    let (client, stranger) = (desk.named("client").await, desk.named("other_client").await);
    let path = format!("{EVENTS}?wait=30&after=latest");
    let waits = client.get(&path);
    let acts = async {
        desk.eventually(async || {
            desk.api
                .http_state()
                .metrics_text()
                .contains("classdesk_event_streams 1")
        })
        .await;
        open_ticket(&stranger).await;
        open_ticket(&client).await;
    };
    let (page, ()) = futures_util::join!(waits, acts);
    assert_eq!(types(&page), ["ticket.created"]);
    let one_second = Duration::from_secs(1);
    let begun = std::time::Instant::now();
    let page = client.get(&format!("{EVENTS}?wait=1&after=latest")).await;
    assert_eq!(types(&page), [""; 0]);
    assert!(begun.elapsed() >= one_second);
}

/// contract: events.rights
#[tokio::test]
async fn a_wait_is_answered_by_what_is_true_when_it_ends() {
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let path = format!("{EVENTS}?wait=30&after=latest");
    let waits = client.get(&path);
    let acts = async {
        desk.eventually(async || {
            desk.api
                .http_state()
                .metrics_text()
                .contains("classdesk_event_streams 1")
        })
        .await;
        desk.log.shut();
        add_note(&editor, &ticket, false).await;
        let other = desk.with_token(client.token());
        let left = other.post("/api/v1/auth/logout/", &json!({})).await;
        left.check_no_content();
        desk.log.open();
    };
    let (page, ()) = futures_util::join!(waits, acts);
    page.check_problem(401, "unauthenticated");
    let login = json!({"username": "client", "password": PASSWORD});
    let again = desk.anonymous().post("/api/v1/auth/login/", &login).await;
    again.check_json(200);
}
