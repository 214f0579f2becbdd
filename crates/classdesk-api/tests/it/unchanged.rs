//! Conditional reads: 304 as long as the answer is the same, and never one that is another person's.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Client, TestServer};
use crate::uploads::bundle_path;

async fn ask_again(client: &Client<'_>, path: &str, tag: &str) -> Answer {
    let tag = tag.to_owned();
    client
        .send(Method::GET, path, |ask| ask.header("if-none-match", tag))
        .await
}

/// The entity tag of an answer, which a repeated read confirms.
async fn learn(client: &Client<'_>, path: &str) -> String {
    let tag = client.get(path).await.header("etag").to_owned();
    assert_eq!(ask_again(client, path, &tag).await.status, 304, "{path}");
    tag
}

/// A bundle, a page of messages with a next one, and a ticket, all of them the client's.
async fn paths(desk: &TestServer) -> [String; 3] {
    let world = &desk.world;
    let people = [world.client, world.writer];
    let thread = world.add_thread(&*desk.store, &people).await.thread.id;
    for _ in 0..3 {
        world.add_message(&*desk.store, thread, world.client).await;
    }
    let ticket = world.add_ticket(&*desk.store, world.client, Some(world.subject()));
    let ticket = ticket.await.id;
    [
        bundle_path(desk),
        format!("/api/v1/communications/threads/{thread}/messages/?limit=2"),
        format!("/api/v1/tickets/{ticket}/"),
    ]
}

#[tokio::test]
async fn a_repeated_read_answers_304_with_the_headers_of_the_first() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for path in paths(&desk).await {
        let first = client.get(&path).await;
        let tag = first.header("etag");
        let known = ask_again(&client, &path, tag).await;
        assert_eq!(known.status, 304, "{path}");
        for name in ["etag", "cache-control", "link"] {
            assert_eq!(known.header(name), first.header(name), "{name} of {path}");
        }
        assert!(known.body.is_empty());
        assert_ne!(known.header("x-request-id"), first.header("x-request-id"));
        let head = client.send(Method::HEAD, &path, |ask| ask.header("if-none-match", tag));
        assert_eq!(head.await.status, 304);
        assert_eq!(ask_again(&client, &path, "\"other\"").await.status, 200);
        assert_eq!(client.get(&path).await.body, first.body);
    }
}

/// contract: conv.concurrency
#[tokio::test]
async fn a_list_without_a_tag_ignores_no_precondition() {
    let desk = TestServer::start().await;
    let admin = desk.named("superadmin").await;
    let [bundle, _, ticket] = paths(&desk).await;
    for path in [
        "/api/v1/audit/",
        "/api/v1/auth/sessions/",
        "/api/v1/users/",
        "/api/v1/class-management/class-bundles/",
        "/api/v1/communications/threads/",
        "/api/v1/tickets/",
        &format!("{bundle}files/"),
        &format!("{bundle}members/"),
        &format!("{bundle}threads/"),
        &format!("{bundle}tickets/"),
        &format!("{ticket}attachments/"),
        &format!("{ticket}history/"),
        &format!("{ticket}messages/"),
    ] {
        let first = admin.get(path).await;
        assert_eq!((first.status, first.header("etag")), (200, ""), "{path}");
        for (name, value, expected) in [
            ("if-match", "*", 200),
            ("if-match", "\"other\"", 412),
            ("if-match", "nonsense", 400),
            ("if-none-match", "*", 304),
            ("if-none-match", "nonsense", 200),
            ("if-none-match", "\"other\"", 200),
        ] {
            let asked = admin.send(Method::GET, path, |ask| ask.header(name, value));
            assert_eq!(asked.await.status, expected, "{name}: {value} at {path}");
        }
    }
}

#[tokio::test]
async fn a_changed_resource_answers_200_at_once() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let [bundle, messages, ticket] = paths(&desk).await;
    let thread = messages.strip_suffix("?limit=2").unwrap();
    let whole = format!("{thread}?limit=200");
    for (path, by, change, body) in [
        (&bundle, &admin, Method::PATCH, json!({"title": "Autumn"})),
        (
            &ticket,
            &admin,
            Method::PATCH,
            json!({"status": "in_progress"}),
        ),
    ] {
        let tag = learn(&client, path).await;
        let changed = by.send(change, path, |ask| ask.json(&body)).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(ask_again(&client, path, &tag).await.status, 200, "{path}");
    }
    let tag = learn(&client, &whole).await;
    let sent = client.post(thread, &json!({"message": "One more"})).await;
    sent.check_json(201);
    assert_eq!(ask_again(&client, &whole, &tag).await.status, 200);
}

/// contract: perm.replaced-writer
#[tokio::test]
async fn a_replaced_writer_gets_404_for_a_known_tag() {
    let desk = TestServer::start().await;
    let (writer, admin) = (desk.named("writer").await, desk.named("admin").await);
    let [bundle, messages, _] = paths(&desk).await;
    let tags = [
        (&bundle, learn(&writer, &bundle).await),
        (&messages, learn(&writer, &messages).await),
    ];
    let body = json!({"writer_id": desk.world.other_writer.id.get()});
    let path = format!("{bundle}assign_writer/");
    admin.post(&path, &body).await.check_json(200);
    for (path, tag) in &tags {
        let hidden = ask_again(&writer, path, tag).await;
        hidden.check_problem(404, "not-found");
    }
}

/// Another person's tag, or any tag, opens nothing.
#[tokio::test]
async fn another_persons_tag_opens_nothing() {
    let desk = TestServer::start().await;
    let (client, stranger) = (desk.named("client").await, desk.named("other_client").await);
    for path in paths(&desk).await {
        let tag = learn(&client, &path).await;
        for tag in [tag.as_str(), "*"] {
            let hidden = ask_again(&stranger, &path, tag).await;
            hidden.check_problem(404, "not-found");
        }
        let nobody = ask_again(&desk.anonymous(), &path, &tag).await;
        nobody.check_problem(401, "unauthenticated");
    }
}
