//! Preconditions of changes: `If-Match` and `If-None-Match` on everything that is written.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, Client, PASSWORD, TestServer};
use crate::uploads::bundle_path;

const ORDER: &str = "/api/v1/subjects/order/7/";

type Headers<'a> = &'a [(&'static str, &'a str)];

async fn change(
    client: &Client<'_>,
    (method, path, body): (&Method, &str, &Value),
    headers: Headers<'_>,
) -> Answer {
    let complete = |mut request: reqwest::RequestBuilder| {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            Value::Null => request,
            body => request.json(body),
        }
    };
    client.send(method.clone(), path, complete).await
}

/// Everything that can be changed by its version, as the admin does it: what is read, what is sent
/// and where.
async fn changes(desk: &TestServer) -> Vec<(String, Method, String, Value)> {
    let (world, store) = (&desk.world, &*desk.store);
    let admin = desk.named("admin").await;
    let client_id = world.client.id.get();
    let order = json!({"client_id": client_id, "label": "An order"});
    admin.put(ORDER, &order).await.check_json(201);
    let bundle = bundle_path(desk);
    let thread = world.add_thread(store, &[world.admin, world.client]).await;
    let thread = format!("/api/v1/communications/threads/{}/", thread.thread.id);
    let ticket = world.add_ticket(store, world.client, None).await.id;
    let ticket = format!("/api/v1/tickets/{ticket}/");
    let file = Form::new().file("file", "plan.txt", b"words");
    let file = admin
        .post_form(&format!("{bundle}upload_file/"), file)
        .await;
    let file = format!("{bundle}files/{}/", file.check_json(201)["id"]);
    let person = format!("/api/v1/users/{}/", world.other_client.id);
    let editor = world.editor.id.get();
    let change = |read: &str, method: Method, path: String, body: Value| {
        (read.to_owned(), method, path, body)
    };
    let label = json!({"client_id": client_id, "label": "Another"});
    vec![
        change(
            &bundle,
            Method::PATCH,
            bundle.clone(),
            json!({"title": "Autumn"}),
        ),
        change(
            &bundle,
            Method::POST,
            format!("{bundle}assign_writer/"),
            json!({"writer_id": null}),
        ),
        change(
            &thread,
            Method::PATCH,
            thread.clone(),
            json!({"subject": "New"}),
        ),
        change(
            &thread,
            Method::POST,
            format!("{thread}participants/"),
            json!({"user_id": editor}),
        ),
        change(
            &thread,
            Method::DELETE,
            format!("{thread}participants/{editor}/"),
            Value::Null,
        ),
        change(
            &ticket,
            Method::PATCH,
            ticket.clone(),
            json!({"priority": "high"}),
        ),
        change(
            &file,
            Method::PATCH,
            file.clone(),
            json!({"description": "New"}),
        ),
        change(&file, Method::DELETE, file.clone(), Value::Null),
        change(
            &person,
            Method::PATCH,
            person.clone(),
            json!({"is_active": false}),
        ),
        change(ORDER, Method::PUT, ORDER.to_owned(), label),
        change(ORDER, Method::DELETE, ORDER.to_owned(), Value::Null),
    ]
}

/// contract: conv.concurrency, conv.concurrency.tag
#[tokio::test]
async fn every_change_of_a_version_honours_preconditions() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    for (read, method, path, body) in changes(&desk).await {
        let what = (&method, path.as_str(), &body);
        let seen = admin.get(&read).await;
        let tag = seen.header("etag").to_owned();
        let version = seen.json()["version"].as_i64().unwrap();
        assert!(tag.starts_with(&format!("\"{version}-")), "{read}: {tag}");
        let (weak, bare) = (format!("W/{tag}"), format!("\"{version}\""));
        for unmet in [
            [("if-match", "\"0\"")].as_slice(),
            &[("if-match", weak.as_str())],
            &[("if-match", "\"nothing-of-ours\"")],
            &[("if-none-match", "*")],
            &[("if-none-match", tag.as_str())],
            &[("if-none-match", weak.as_str())],
            &[("if-match", tag.as_str()), ("if-none-match", bare.as_str())],
        ] {
            let refused = change(&admin, what, unmet).await;
            refused.check_problem(412, "precondition-failed");
            let after = admin.get(&read).await;
            assert_eq!(after.body, seen.body, "{method} {path} with {unmet:?}");
        }
        let malformed = change(&admin, what, &[("if-none-match", "nonsense")]).await;
        malformed.check_problem(400, "invalid-header");
        let list = format!(", {tag},");
        let met = [("if-match", list.as_str()), ("if-none-match", ", \"0\"")];
        let changed = change(&admin, what, &met).await;
        assert!(changed.status < 300, "{method} {path}: {}", changed.text());
        if changed.status == 200 {
            let next = format!("\"{}-", version + 1);
            assert!(changed.header("etag").starts_with(&next), "{method} {path}");
        }
        // What the tag of before was for is another thing by now, or none.
        let late = change(&admin, what, &[("if-match", &tag)]).await;
        let expected = if admin.get(&read).await.status == 404 && method != Method::PUT {
            404
        } else {
            412
        };
        assert_eq!(late.status, expected, "{method} {path}: {}", late.text());
    }
}

/// contract: conv.concurrency, messages.one
#[tokio::test]
async fn messages_are_changed_by_the_version_that_was_answered() {
    let desk = TestServer::start().await;
    let (client, world) = (desk.named("client").await, &desk.world);
    let people = [world.client, world.writer];
    let thread = world.add_thread(&*desk.store, &people).await.thread.id;
    let path = format!("/api/v1/communications/threads/{thread}/messages/");
    let sent = client.post(&path, &json!({"message": "one"})).await;
    let tag = sent.header("etag").to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let message = format!("/api/v1/communications/messages/{}/", sent.json()["id"]);
    let edit = (&Method::PATCH, message.as_str(), &json!({"message": "two"}));
    let delete = (&Method::DELETE, message.as_str(), &Value::Null);
    for what in [edit, delete] {
        for unmet in [("if-match", "\"2\""), ("if-none-match", tag.as_str())] {
            let refused = change(&client, what, &[unmet]).await;
            refused.check_problem(412, "precondition-failed");
        }
    }
    let edited = change(&client, edit, &[("if-match", &tag)]).await;
    assert_eq!(edited.check_json(200)["version"], 2);
    let late = change(&client, delete, &[("if-match", &tag)]).await;
    late.check_problem(412, "precondition-failed");
    let tag = edited.header("etag");
    let deleted = change(&client, delete, &[("if-match", tag)]).await;
    deleted.check_no_content();
}

/// contract: conv.concurrency, subjects
#[tokio::test]
async fn a_put_with_if_none_match_registers_and_never_replaces() {
    let desk = TestServer::start().await;
    let (admin, world) = (desk.named("admin").await, &desk.world);
    let body = |client: i64| json!({"client_id": client, "label": "An order"});
    let (one, other) = (
        body(world.client.id.get()),
        body(world.other_client.id.get()),
    );
    let absent = change(&admin, (&Method::PUT, ORDER, &one), &[("if-match", "*")]).await;
    absent.check_problem(412, "precondition-failed");
    let puts = (0..6).map(|n| {
        let (admin, body) = (&admin, if n % 2 == 0 { &one } else { &other });
        change(
            admin,
            (&Method::PUT, ORDER, body),
            &[("if-none-match", "*")],
        )
    });
    let mut puts = join_all(puts).await;
    puts.sort_unstable_by_key(|put| put.status);
    let statuses: Vec<_> = puts.iter().map(|put| put.status).collect();
    assert_eq!(statuses, [201, 412, 412, 412, 412, 412]);
    assert_eq!(admin.get(ORDER).await.json(), puts[0].json());
}

/// contract: conv.concurrency
#[tokio::test]
async fn of_many_changes_for_one_version_one_is_made() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    for (read, method, path, body) in changes(&desk).await {
        // The others are made only once whatever the version.
        let Some(name) = ["title", "subject", "description"]
            .into_iter()
            .find(|name| method == Method::PATCH && body.get(name).is_some())
        else {
            continue;
        };
        let tag = admin.get(&read).await.header("etag").to_owned();
        let attempts = (0..8).map(|n| {
            let mut body = body.clone();
            body[name] = format!("attempt {n}").into();
            let (admin, method, path, tag) = (&admin, &method, path.as_str(), tag.as_str());
            async move { change(admin, (method, path, &body), &[("if-match", tag)]).await }
        });
        let answers = join_all(attempts).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let late = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!((won, late), (1, 7), "{path}");
    }
}

/// A place where something is created has no version, so that no version that is named can be its.
///
/// contract: conv.concurrency, conv.rights-first
#[tokio::test]
async fn a_post_that_creates_ignores_no_precondition() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let (world, bundle) = (&desk.world, bundle_path(&desk));
    let people = [world.client, world.writer];
    let thread = world.add_thread(&*desk.store, &people).await.thread.id;
    let thread = format!("/api/v1/communications/threads/{thread}/");
    let ticket = world.add_ticket(&*desk.store, world.client, None).await.id;
    let ticket = format!("/api/v1/tickets/{ticket}/");
    let writer = world.writer.id.get();
    let stranger = desk.named("other_client").await;
    for (by, path, body) in [
        (
            &client,
            format!("{bundle}create_thread/"),
            json!({"recipient_id": writer}),
        ),
        (
            &client,
            format!("{bundle}create_ticket/"),
            json!({"title": "Help", "description": ""}),
        ),
        (
            &client,
            format!("{thread}messages/"),
            json!({"message": "Hello"}),
        ),
        (&client, format!("{thread}read/"), json!({})),
        (
            &client,
            format!("{ticket}messages/"),
            json!({"message": "Hello"}),
        ),
        (
            &client,
            "/api/v1/tickets/".to_owned(),
            json!({"title": "Help", "description": ""}),
        ),
        (
            &admin,
            "/api/v1/class-management/class-bundles/".to_owned(),
            json!({"client_id": world.client.id.get(), "title": "Autumn"}),
        ),
    ] {
        let what = (&Method::POST, path.as_str(), &body);
        for unmet in [("if-match", "\"1\""), ("if-none-match", "*")] {
            let refused = change(by, what, &[unmet]).await;
            refused.check_problem(412, "precondition-failed");
        }
        if !path.ends_with("tickets/") && !path.ends_with("class-bundles/") {
            let hidden = change(&stranger, what, &[("if-match", "\"1\"")]).await;
            hidden.check_problem(404, "not-found");
        }
        let key = ("idempotency-key", path.as_str());
        let met = [("if-match", "*"), ("if-none-match", "\"1\""), key];
        let created = change(by, what, &met).await;
        assert!(created.status < 300, "{path}: {}", created.text());
        if created.status == 201 {
            let again = change(by, what, &[key]).await;
            assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
            let again = change(by, what, &[key, ("if-match", "\"1\"")]).await;
            again.check_problem(412, "precondition-failed");
        }
    }
}

/// contract: conv.concurrency
#[tokio::test]
async fn sessions_ignore_no_precondition() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let unmet: Headers<'_> = &[("if-match", "\"1\"")];
    let login = json!({"username": "client", "password": PASSWORD});
    let login = (&Method::POST, "/api/v1/auth/login/", &login);
    let refused = change(&desk.anonymous(), login, unmet).await;
    refused.check_problem(412, "precondition-failed");
    for path in ["logout", "logout_all"] {
        let path = format!("/api/v1/auth/{path}/");
        let refused = change(&client, (&Method::POST, &path, &Value::Null), unmet).await;
        refused.check_problem(412, "precondition-failed");
    }
    let sessions = "/api/v1/auth/sessions/";
    let session = client.get(sessions).await.check_json(200)[0]["id"].clone();
    let session = format!("{sessions}{session}/");
    let end = (&Method::DELETE, session.as_str(), &Value::Null);
    let refused = change(&client, end, unmet).await;
    refused.check_problem(412, "precondition-failed");
    let ended = change(&client, end, &[("if-match", "*")]).await;
    ended.check_no_content();
}

/// Every operation that writes documents that it can answer 412.
#[tokio::test]
async fn every_write_documents_that_a_precondition_can_fail() {
    let desk = TestServer::start().await;
    let document = desk.anonymous().get("/api/v1/openapi.json").await.json();
    let mut writes = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if method == "get" {
                continue;
            }
            writes += 1;
            assert!(operation["responses"]["412"].is_object(), "{method} {path}");
        }
    }
    assert!(writes > 25, "{writes}");
}

/// contract: conv.concurrency.tag
#[tokio::test]
async fn every_single_read_has_a_tag() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let mut reads: Vec<_> = changes(&desk).await.into_iter().map(|one| one.0).collect();
    reads.push("/api/v1/auth/me/".to_owned());
    for path in reads {
        let seen = admin.get(&path).await;
        let tag = seen.header("etag");
        let ask = async |headers: Headers<'_>| {
            change(&admin, (&Method::GET, &path, &Value::Null), headers).await
        };
        let list = format!(", {tag}");
        assert_eq!(ask(&[("if-none-match", &list)]).await.status, 304, "{path}");
        assert_eq!(
            ask(&[("if-none-match", "\"0\"")]).await.status,
            200,
            "{path}"
        );
        assert_eq!(ask(&[("if-match", tag)]).await.body, seen.body, "{path}");
        let other = ask(&[("if-match", "\"0\"")]).await;
        other.check_problem(412, "precondition-failed");
    }
}
