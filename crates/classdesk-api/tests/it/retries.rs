//! `Idempotency-Key`: the same request twice creates one thing.

use std::time::Duration;

use classdesk_domain::blobs::{BlobRepository, BlobState};
use classdesk_domain::idempotency::{IdempotencyKey, IdempotencyRepository, KeyScope, Reservation};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::forms::{BOUNDARY, Form, announce};
use crate::harness::{Answer, Client, TestServer};
use crate::uploads::{bundle_path, objects, upload_path};

const TICKETS: &str = "/api/v1/tickets/";

fn ticket(title: &str) -> Value {
    json!({"title": title, "description": "words"})
}

async fn post_with_key(client: &Client<'_>, path: &str, key: &str, body: &Value) -> Answer {
    client
        .send(Method::POST, path, |request| {
            request.header("idempotency-key", key).json(body)
        })
        .await
}

async fn form_with_key(client: &Client<'_>, path: &str, key: &str, form: Form) -> Answer {
    client
        .send(Method::POST, path, |request| {
            let request = announce(request.header("idempotency-key", key));
            request.body(form.body())
        })
        .await
}

async fn count(client: &Client<'_>, path: &str) -> usize {
    let list = client.get(path).await.check_json(200);
    list.as_array().unwrap().len()
}

fn check_replay(first: &Answer, again: &Answer) {
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_eq!(again.header("etag"), first.header("etag"));
}

/// contract: conv.retries.replay
#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_creates_nothing() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let first = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    desk.world.tick();
    let again = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    check_replay(&first, &again);
    assert_ne!(first.header("etag"), "");
    let bare = post_with_key(&client, "/api/v1/tickets", "k", &ticket("a")).await;
    check_replay(&first, &bare);
    assert_eq!(count(&client, TICKETS).await, 1);
}

/// contract: conv.retries.replay, conv.retries.key
#[tokio::test]
async fn every_post_that_creates_takes_a_key() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let bundle = bundle_path(&desk);
    let on_bundle = json!({
        "content_type": "class_bundle", "object_id": desk.world.bundle.get(),
        "recipient_id": desk.world.writer.id.get(),
    });
    let thread = json!({"recipient_id": desk.world.writer.id.get(), "initial_message": "hi"});
    let opened = post_with_key(&client, &format!("{bundle}create_thread/"), "k", &thread).await;
    let thread_id = opened.check_json(201)["id"].clone();
    let made = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    let ticket_id = made.check_json(201)["id"].clone();
    let cases = [
        (&client, format!("{bundle}create_thread/"), thread),
        (
            &client,
            "/api/v1/communications/threads/".to_owned(),
            on_bundle,
        ),
        (
            &client,
            format!("/api/v1/communications/threads/{thread_id}/messages/"),
            json!({"message": "hello"}),
        ),
        (&client, format!("{bundle}create_ticket/"), ticket("b")),
        (&client, TICKETS.to_owned(), ticket("b")),
        (
            &admin,
            format!("/api/v1/tickets/{ticket_id}/messages/"),
            json!({"message": "hello", "is_internal": true}),
        ),
    ];
    for (client, path, body) in cases {
        let first = post_with_key(client, &path, "fresh", &body).await;
        let again = post_with_key(client, &path, "fresh", &body).await;
        assert_eq!(first.status, 201, "{path}: {}", first.text());
        check_replay(&first, &again);
    }
    let forms = [
        (upload_path(&desk), "file"),
        (format!("/api/v1/tickets/{ticket_id}/attachments/"), "file"),
        (
            format!("/api/v1/communications/threads/{thread_id}/messages/"),
            "attachment",
        ),
    ];
    for (path, name) in forms {
        let form = || Form::new().file(name, "a.txt", b"bytes");
        let first = form_with_key(&client, &path, "form", form()).await;
        let stored = objects(&desk).await;
        let again = form_with_key(&client, &path, "form", form()).await;
        check_replay(&first, &again);
        assert_eq!(objects(&desk).await, stored, "{path}");
    }
}

/// contract: conv.retries.replay
#[tokio::test]
async fn a_replay_gives_the_thing_as_it_is_now() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let first = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    let path = format!("{TICKETS}{}/", first.check_json(201)["id"]);
    let triage = admin.patch(&path, &json!({"priority": "high"})).await;
    triage.check_json(200);
    let again = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    let now = client.get(&path).await;
    assert_eq!(again.check_json(201), now.check_json(200));
    assert_eq!(again.check_json(201)["priority"], "high");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("etag"), now.header("etag"));
    assert_ne!(again.header("etag"), first.header("etag"));
}

/// contract: conv.retries.replay, conv.retries.mismatch
#[tokio::test]
async fn a_replay_of_what_is_hidden_or_gone_is_404() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let path = upload_path(&desk);
    let form = |bytes| Form::new().file("file", "a", bytes);
    let check_gone = async |key| {
        for bytes in [b"bytes", b"other"] {
            let again = form_with_key(&client, &path, key, form(bytes)).await;
            again.check_problem(404, "not-found");
        }
    };
    let mut files = Vec::new();
    for key in ["hidden", "deleted"] {
        let made = form_with_key(&client, &path, key, form(b"bytes")).await;
        let id = made.check_json(201)["id"].clone();
        files.push(format!("{}files/{id}/", bundle_path(&desk)));
        let another = form_with_key(&client, &path, key, form(b"other")).await;
        another.check_problem(422, "idempotency-mismatch");
    }
    let hide = json!({"is_visible_to_client": false});
    admin.patch(&files[0], &hide).await.check_json(200);
    check_gone("hidden").await;
    client.delete(&files[1]).await.check_no_content();
    check_gone("deleted").await;
    assert_eq!(objects(&desk).await, 2, "nothing was stored once more");
}

/// A replay needs the right to see the thing now: not that of a former writer or a former admin.
///
/// contract: conv.retries.replay, conv.retries.mismatch
#[tokio::test]
async fn a_replay_shows_nothing_by_a_right_of_the_past() {
    let desk = TestServer::start().await;
    let (superadmin, writer) = (desk.named("superadmin").await, desk.named("writer").await);
    let world = &desk.world;
    let boss = desk
        .add_user("boss", classdesk_domain::people::Role::Admin)
        .await;
    let admin = desk.client_of(boss).await;
    let bundle = bundle_path(&desk);
    let ticket = world.add_ticket(&*desk.store, world.client, None).await.id;
    let opening = json!({"recipient_id": world.client.id.get(), "initial_message": "hi"});
    let create_thread = format!("{bundle}create_thread/");
    let opened = post_with_key(&writer, &create_thread, "k", &opening).await;
    let messages = format!(
        "/api/v1/communications/threads/{}/messages/",
        opened.check_json(201)["id"]
    );
    let person = json!({
        "username": "newcomer", "email": "newcomer@desk.example", "role": "client",
        "password": "correct horse battery",
    });
    let requests = [
        (&writer, create_thread, opening),
        (&writer, messages.clone(), json!({"message": "hello"})),
        (&admin, "/api/v1/users/".to_owned(), person),
        (
            &admin,
            "/api/v1/class-management/class-bundles/".to_owned(),
            json!({"client_id": world.client.id.get(), "title": "Autumn"}),
        ),
        (
            &admin,
            format!("/api/v1/tickets/{ticket}/messages/"),
            json!({"message": "among us", "is_internal": true}),
        ),
    ];
    for (client, path, body) in &requests {
        let made = post_with_key(client, path, "k", body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text());
    }
    let form = || Form::new().file("attachment", "a.txt", b"bytes");
    let file = form_with_key(&writer, &messages, "form", form()).await;
    file.check_json(201);

    let (assign, nobody) = (
        format!("{bundle}assign_writer/"),
        json!({"writer_id": null}),
    );
    superadmin.post(&assign, &nobody).await.check_json(200);
    let (person, role) = (
        format!("/api/v1/users/{}/", boss.id),
        json!({"role": "writer"}),
    );
    superadmin.patch(&person, &role).await.check_json(200);
    for (client, path, body) in &requests {
        for body in [body, &json!({"another": "body"})] {
            let again = post_with_key(client, path, "k", body).await;
            again.check_problem(404, "not-found");
        }
    }
    let again = form_with_key(&writer, &messages, "form", form()).await;
    again.check_problem(404, "not-found");
}

/// contract: conv.retries.replay
#[tokio::test]
async fn a_replay_of_a_deleted_message_has_no_text() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let people = [desk.world.client, desk.world.writer];
    let thread = desk.world.add_thread(&*desk.store, &people).await.thread.id;
    let path = format!("/api/v1/communications/threads/{thread}/messages/");
    let form = || {
        Form::new()
            .text("message", "oops")
            .file("attachment", "a.txt", b"bytes")
    };
    let body = json!({"message": "oops"});
    let sent = [
        post_with_key(&client, &path, "json", &body).await,
        form_with_key(&client, &path, "form", form()).await,
    ];
    for sent in &sent {
        let message = format!(
            "/api/v1/communications/messages/{}/",
            sent.check_json(201)["id"]
        );
        admin.delete(&message).await.check_no_content();
    }
    let again = [
        post_with_key(&client, &path, "json", &body).await,
        form_with_key(&client, &path, "form", form()).await,
    ];
    for (again, sent) in again.iter().zip(&sent) {
        assert_eq!(again.header("idempotency-replayed"), "true");
        let shown = again.check_json(201);
        assert_eq!(shown["id"], sent.json()["id"]);
        assert_eq!(
            (&shown["message"], &shown["attachment"]),
            (&json!(""), &json!(null))
        );
        assert_eq!(shown["is_deleted"], true);
    }
}

/// contract: conv.retries.replay
#[tokio::test]
async fn what_can_no_longer_be_created_is_still_replayed() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let opening = json!({"recipient_id": desk.world.writer.id.get(), "initial_message": "hi"});
    let opened = client
        .post(&format!("{}create_thread/", bundle_path(&desk)), &opening)
        .await;
    let thread = format!(
        "/api/v1/communications/threads/{}/",
        opened.check_json(201)["id"]
    );
    let messages = format!("{thread}messages/");
    let body = json!({"message": "hello"});
    let form = || Form::new().file("attachment", "a.txt", b"bytes");
    let text = post_with_key(&client, &messages, "text", &body).await;
    let file = form_with_key(&client, &messages, "file", form()).await;
    let closing = client.patch(&thread, &json!({"is_active": false})).await;
    closing.check_json(200);
    check_replay(
        &text,
        &post_with_key(&client, &messages, "text", &body).await,
    );
    check_replay(
        &file,
        &form_with_key(&client, &messages, "file", form()).await,
    );
    let fresh = form_with_key(&client, &messages, "fresh", form()).await;
    fresh.check_problem(409, "thread-closed");
    let anew = form_with_key(&client, &messages, "fresh", form()).await;
    anew.check_problem(409, "thread-closed");
}

/// contract: conv.retries.mismatch
#[tokio::test]
async fn another_body_with_the_same_key_is_422() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
    let other = post_with_key(&client, TICKETS, "k", &ticket("b")).await;
    other.check_problem(422, "idempotency-mismatch");
    let form = Form::new()
        .file("file", "a", b"bytes")
        .text("description", "x");
    let path = upload_path(&desk);
    form_with_key(&client, &path, "k", form)
        .await
        .check_json(201);
    for form in [
        Form::new()
            .file("file", "a", b"other")
            .text("description", "x"),
        Form::new()
            .file("file", "b", b"bytes")
            .text("description", "x"),
        Form::new()
            .file("file", "a", b"bytes")
            .text("description", "y"),
        Form::new().file("file", "a", b"bytes"),
        Form::new().text("description", "x"),
    ] {
        let other = form_with_key(&client, &path, "k", form).await;
        other.check_problem(422, "idempotency-mismatch");
    }
    let turned = Form::new()
        .text("description", "x")
        .file("file", "a", b"bytes");
    let again = form_with_key(&client, &path, "k", turned).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(objects(&desk).await, 1);
}

/// contract: conv.retries.replay
#[tokio::test]
async fn a_key_belongs_to_user_method_and_path() {
    let desk = TestServer::start().await;
    let (client, other) = (desk.named("client").await, desk.named("other_client").await);
    let mine = post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
    let theirs = post_with_key(&other, TICKETS, "k", &ticket("b"))
        .await
        .check_json(201);
    assert_ne!(mine["id"], theirs["id"]);
    let path = format!("{}create_ticket/", bundle_path(&desk));
    let elsewhere = post_with_key(&client, &path, "k", &ticket("c")).await;
    assert_ne!(elsewhere.check_json(201)["id"], mine["id"]);
}

#[tokio::test]
async fn a_failed_request_frees_its_key_at_once() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let bad = post_with_key(&client, TICKETS, "k", &json!({"title": ""})).await;
    bad.check_faults(&["title: blank", "description: required"]);
    let good = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    assert_eq!(
        (good.status, good.header("idempotency-replayed")),
        (201, "")
    );
    let path = upload_path(&desk);
    for form in [Form::new(), Form::new().raw(b"nonsense")] {
        let bad = form_with_key(&client, &path, "k", form).await;
        assert_eq!(bad.status, 400);
    }
    let form = Form::new().file("file", "a", b"bytes");
    form_with_key(&client, &path, "k", form)
        .await
        .check_json(201);
}

#[tokio::test]
async fn only_one_of_many_at_once_creates() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let all = (0..20).map(|_| async {
        let body = ticket("a");
        let answer = post_with_key(&client, TICKETS, "k", &body).await;
        (
            answer.status,
            answer.header("idempotency-replayed").to_owned(),
        )
    });
    let answers = futures_util::future::join_all(all).await;
    let first = answers
        .iter()
        .filter(|(status, replayed)| *status == 201 && replayed.is_empty());
    assert_eq!(first.count(), 1);
    assert!(
        answers
            .iter()
            .all(|(status, _)| [201, 409].contains(status)),
        "{answers:?}"
    );
    assert_eq!(count(&client, TICKETS).await, 1);
}

/// contract: conv.retries.running
#[tokio::test]
async fn while_the_first_upload_runs_the_second_is_409() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let body = Form::new().file("file", "a", b"some bytes").body();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: k\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        upload_path(&desk),
        client.token(),
        body.len()
    );
    let mut socket = desk.connect().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&body[..body.len() - 30]).await.unwrap();
    desk.eventually(async || !desk.store.list_blobs(None, 1).await.unwrap().is_empty())
        .await;
    let form = || Form::new().file("file", "a", b"some bytes");
    let second = form_with_key(&client, &upload_path(&desk), "k", form()).await;
    second.check_problem(409, "idempotency-running");
    assert_ne!(second.header("retry-after"), "");
    socket.write_all(&body[body.len() - 30..]).await.unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 201");
    let third = form_with_key(&client, &upload_path(&desk), "k", form()).await;
    assert_eq!(
        (third.status, third.header("idempotency-replayed")),
        (201, "true")
    );
    assert_eq!(objects(&desk).await, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_key() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let mut socket = desk.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: k\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: 5000\r\n\r\n",
        upload_path(&desk),
        client.token(),
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let form = Form::new().file("file", "a", b"some bytes");
    socket.write_all(&form.clone().open()).await.unwrap();
    desk.eventually(async || !desk.store.list_blobs(None, 1).await.unwrap().is_empty())
        .await;
    drop(socket);
    desk.eventually(async || {
        let again = form_with_key(&client, &upload_path(&desk), "k", form.clone()).await;
        again.status == 201
    })
    .await;
    assert_eq!(objects(&desk).await, 1);
    let rows = desk.store.list_blobs(None, 10).await.unwrap();
    let stored = rows.iter().filter(|row| row.state == BlobState::Stored);
    assert_eq!(stored.count(), 1);
}

/// contract: conv.retries.lease
#[tokio::test]
async fn a_key_whose_server_died_is_free_after_a_minute() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let scope = KeyScope {
        user: desk.world.client.id,
        operation: format!("POST {TICKETS}"),
        key: IdempotencyKey::parse("k").unwrap(),
    };
    let reserved = desk.store.reserve(&scope, desk.world.now()).await.unwrap();
    assert!(matches!(reserved, Reservation::Reserved(_)));
    let answer = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    answer.check_problem(409, "idempotency-running");
    desk.world.clock.advance(Duration::from_secs(60));
    post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
}

/// contract: conv.retries.restart
#[tokio::test]
async fn a_request_whose_answer_was_never_sent_is_replayed() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let scope = KeyScope {
        user: desk.world.client.id,
        operation: format!("POST {TICKETS}"),
        key: IdempotencyKey::parse("k").unwrap(),
    };
    let reserved = desk.store.reserve(&scope, desk.world.now()).await.unwrap();
    let Reservation::Reserved(lease) = reserved else {
        panic!("{reserved:?}")
    };
    let body = serde_json::to_vec(&ticket("a")).unwrap();
    let completion = classdesk_domain::idempotency::Completion {
        lease,
        fingerprint: classdesk_domain::idempotency::Fingerprint::of(&body),
    };
    let new = classdesk_domain::tickets::NewTicket::new(
        classdesk_domain::text::Title::parse("a").unwrap(),
        classdesk_domain::text::Description::parse("words").unwrap(),
    );
    let by = classdesk_domain::RequestContext::from(desk.world.client).completing(Some(completion));
    let created = desk.classdesk.tickets.create(by, new).await.unwrap();
    let again = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.check_json(201)["id"], created.id.get());
    let once_more = post_with_key(&client, TICKETS, "k", &ticket("a")).await;
    assert_eq!(once_more.text(), again.text());
    assert_eq!(count(&client, TICKETS).await, 1);
}

/// contract: conv.retries.day
#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let first = post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
    desk.world
        .clock
        .advance(Duration::from_secs(24 * 60 * 60 - 1));
    let client = desk.named("client").await;
    let again = post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
    assert_eq!(again["id"], first["id"]);
    desk.world.clock.advance(Duration::from_secs(1));
    let anew = post_with_key(&client, TICKETS, "k", &ticket("a"))
        .await
        .check_json(201);
    assert_ne!(anew["id"], first["id"]);
}

/// contract: conv.retries.key
#[tokio::test]
async fn keys_have_a_shape() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for key in ["", "\u{e9}", &"k".repeat(256)] {
        let answer = post_with_key(&client, TICKETS, key, &ticket("a")).await;
        answer.check_problem(400, "invalid-header");
    }
    let twice = client
        .send(Method::POST, TICKETS, |request| {
            let request = request.header("idempotency-key", "a");
            request.header("idempotency-key", "b").json(&ticket("a"))
        })
        .await;
    twice.check_problem(400, "invalid-header");
    let longest = post_with_key(&client, TICKETS, &"~".repeat(255), &ticket("a")).await;
    assert_eq!(longest.status, StatusCode::CREATED.as_u16());
}
