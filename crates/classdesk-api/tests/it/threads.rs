//! Threads and their messages.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Client, PUBLIC_URL, TestServer};
use crate::uploads::{bundle_path, objects};

const THREADS: &str = "/api/v1/communications/threads/";

fn thread_path(id: &Value) -> String {
    format!("{THREADS}{id}/")
}

fn message_path(id: &Value) -> String {
    format!("/api/v1/communications/messages/{id}/")
}

async fn open(client: &Client<'_>, desk: &TestServer, body: &Value) -> Value {
    let path = format!("{}create_thread/", bundle_path(desk));
    client.post(&path, body).await.check_json(201)
}

async fn open_with_client(desk: &TestServer, client: &Client<'_>) -> Value {
    let recipient = desk.world.client.id.get();
    open(client, desk, &json!({"recipient_id": recipient})).await
}

async fn say(client: &Client<'_>, thread: &Value, text: &str) -> Value {
    let path = format!("{}messages/", thread_path(&thread["id"]));
    client
        .post(&path, &json!({"message": text}))
        .await
        .check_json(201)
}

fn usernames(people: &Value) -> Vec<&str> {
    let people = people.as_array().unwrap().iter();
    people
        .map(|person| person["username"].as_str().unwrap())
        .collect()
}

/// contract: bundles.create-thread, threads.one, bundles.create-thread.subject
#[tokio::test]
async fn a_thread_has_the_fields_of_the_contract() {
    let desk = TestServer::start().await;
    let writer = desk.named("writer").await;
    let body = json!({
        "recipient_id": desk.world.client.id.get(), "initial_message": "  When do we begin? ",
    });
    let thread = open(&writer, &desk, &body).await;
    let message = &thread["last_message"];
    let refs = |name: &str| {
        let all = [
            &thread["created_by"],
            &thread["participants"][0],
            &thread["participants"][1],
        ];
        all.into_iter()
            .find(|person| person["username"] == name)
            .unwrap()
            .clone()
    };
    let at = &thread["created_at"];
    assert_eq!(
        thread,
        json!({
            "id": thread["id"], "thread_type": "class_bundle", "content_type": "class_bundle",
            "object_id": desk.world.bundle.get(), "order": null, "subject": thread["subject"],
            "is_active": true, "is_private": false, "created_by": refs("writer"),
            "participants": [refs("client"), refs("writer")], "message_count": 1,
            "unread_count": 0, "last_message": message, "created_at": at, "updated_at": at,
            "version": 1,
        })
    );
    assert!(at.as_str().unwrap().ends_with(".000000Z"), "{at}");
    let line = format!("Class bundle #{}: ", desk.world.bundle);
    assert!(thread["subject"].as_str().unwrap().starts_with(&line));
    assert_eq!(
        *message,
        json!({
            "id": message["id"], "thread": thread["id"], "sender": refs("writer"),
            "sender_role": "writer", "recipient": refs("client"), "message": "When do we begin?",
            "message_type": "text", "reply_to": null, "attachment": null, "read_by": [],
            "is_read": false, "sent_at": at, "edited_at": null, "is_deleted": false,
            "version": 1,
        })
    );
    assert_eq!(
        refs("writer"),
        json!({
            "id": desk.world.writer.id.get(), "username": "writer",
            "display_name": refs("writer")["display_name"], "role": "writer",
        })
    );
}

/// contract: threads.create, threads.list
#[tokio::test]
async fn a_thread_of_an_order_names_it() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let parties = classdesk_domain::subjects::PutSubject {
        client_id: desk.world.client.id,
        assigned_writer_id: None,
        label: classdesk_domain::text::Title::parse("Order 7").unwrap(),
    };
    let kind = classdesk_domain::subjects::SubjectKind::parse("order").unwrap();
    let order = classdesk_domain::subjects::SubjectRef::new(kind, 7);
    let subjects = &desk.classdesk.subjects;
    subjects
        .put(&desk.world.admin, &order, parties)
        .await
        .unwrap();
    let body = json!({
        "content_type": "order", "object_id": 7, "recipient_id": desk.world.client.id.get(),
    });
    let thread = admin.post(THREADS, &body).await.check_json(201);
    assert_eq!(thread["order"], 7);
    assert_eq!(thread["thread_type"], "order");
    assert_eq!(thread["subject"], "Order #7: Order 7");
    let query = format!("{THREADS}?content_type=order&object_id=7");
    assert_eq!(admin.get(&query).await.check_json(200), json!([thread]));
    let none = admin
        .get(&format!("{THREADS}?content_type=class_bundle"))
        .await;
    assert_eq!(none.check_json(200), json!([]));
}

/// contract: bundles.create-thread, perm.thread.see, bundles.create-thread.participants
/// contract: bundles.create-thread.private
#[tokio::test]
async fn who_is_in_a_new_thread() {
    let desk = TestServer::start().await;
    let editor = desk.named("editor").await;
    let open_one = |is_private: bool| {
        let recipient = desk.world.client.id.get();
        json!({"recipient_id": recipient, "is_private": is_private})
    };
    let thread = open(&editor, &desk, &open_one(false)).await;
    assert_eq!(
        usernames(&thread["participants"]),
        ["editor", "client", "writer"]
    );
    let thread = open(&editor, &desk, &open_one(true)).await;
    assert_eq!(usernames(&thread["participants"]), ["editor", "client"]);
    let writer = desk.named("writer").await;
    writer
        .get(&thread_path(&thread["id"]))
        .await
        .check_problem(404, "not-found");
}

/// contract: perm.recipient, conv.limits
#[tokio::test]
async fn a_thread_needs_a_recipient_who_can_see_the_subject() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = format!("{}create_thread/", bundle_path(&desk));
    let world = &desk.world;
    for (id, code) in [
        (world.client.id.get(), "recipient_is_sender"),
        (world.other_client.id.get(), "not_eligible"),
        (world.other_writer.id.get(), "not_eligible"),
        (999, "not_eligible"),
    ] {
        let answer = client.post(&path, &json!({"recipient_id": id})).await;
        answer.check_faults(&[&format!("recipient_id: {code}")]);
    }
    let body = json!({
        "recipient_id": "5", "subject": "", "initial_message": "a\0", "is_private": 1, "typo": 1,
    });
    client.post(&path, &body).await.check_faults(&[
        "recipient_id: wrong_type",
        "subject: blank",
        "initial_message: nul_character",
        "is_private: wrong_type",
        "typo: unknown_field",
    ]);
    let long = json!({
        "recipient_id": world.writer.id.get(), "subject": "x".repeat(256),
        "initial_message": "x".repeat(10_001),
    });
    let answer = client.post(&path, &long).await;
    answer.check_faults(&["subject: too_long", "initial_message: too_long"]);
}

/// contract: perm.hidden, threads.create, conv.rights-first
#[tokio::test]
async fn a_subject_that_the_body_names_is_404_before_all_else() {
    let desk = TestServer::start().await;
    let stranger = desk.named("other_client").await;
    let bundle = desk.world.bundle.get();
    let mut answers = Vec::new();
    for (kind, id) in [
        ("class_bundle", bundle),
        ("class_bundle", 999),
        ("class_bundle", -1),
        ("order", 1),
        ("Not A Kind", 1),
        ("", 1),
    ] {
        let body = json!({"content_type": kind, "object_id": id, "typo": true});
        let answer = stranger.post(THREADS, &body).await;
        answer.check_problem(404, "not-found");
        answers.push(answer.without_request_id());
        let body = json!({"content_type": kind, "object_id": id, "title": ""});
        let answer = stranger.post("/api/v1/tickets/", &body).await;
        answers.push(answer.without_request_id());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let client = desk.named("client").await;
    for (body, faults) in [
        (
            json!({"object_id": 1}),
            vec!["content_type: required", "recipient_id: required"],
        ),
        (
            json!({"content_type": "class_bundle", "recipient_id": 1}),
            vec!["object_id: required"],
        ),
        (
            json!({"content_type": 1, "object_id": "1", "recipient_id": 1}),
            vec!["content_type: wrong_type", "object_id: wrong_type"],
        ),
        (json!([]), vec!["body: malformed_json"]),
    ] {
        client.post(THREADS, &body).await.check_faults(&faults);
    }
}

/// contract: bundles.threads, threads.list, conv.lists.array, conv.lists.link
#[tokio::test]
async fn lists_show_the_latest_activity_first() {
    let desk = TestServer::start().await;
    let writer = desk.named("writer").await;
    let mut threads = Vec::new();
    for _ in 0..3 {
        desk.world.tick();
        threads.push(open_with_client(&desk, &writer).await);
    }
    desk.world.tick();
    say(&writer, &threads[0], "hello").await;
    for path in [
        format!("{}threads/", bundle_path(&desk)),
        THREADS.to_owned(),
    ] {
        let list = writer.get(&path).await.check_json(200);
        let ids: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|thread| &thread["id"])
            .collect();
        assert_eq!(
            ids,
            [&threads[0]["id"], &threads[2]["id"], &threads[1]["id"]]
        );
        let mut paged = Vec::new();
        let mut next = Some(format!("{path}?limit=2"));
        while let Some(page) = next {
            let answer = writer.get(&page).await;
            paged.extend(answer.check_json(200).as_array().unwrap().clone());
            next = answer.next_page();
        }
        assert_eq!(Value::from(paged), list);
    }
}

/// contract: conv.unknown-fields, conv.lists.array
#[tokio::test]
async fn list_parameters_are_checked_after_rights() {
    let desk = TestServer::start().await;
    let (client, stranger) = (desk.named("client").await, desk.named("other_client").await);
    let thread = open_with_client(&desk, &desk.named("writer").await).await;
    let messages = format!("{}messages/", thread_path(&thread["id"]));
    for path in [
        format!("{}threads/", bundle_path(&desk)),
        format!("{}tickets/", bundle_path(&desk)),
        format!("{}files/", bundle_path(&desk)),
        messages.clone(),
    ] {
        for query in [
            "limit=0",
            "limit=201",
            "limit=x",
            "cursor=AAAA",
            "typo=1",
            "limit=1&limit=2",
        ] {
            let path = format!("{path}?{query}");
            client.get(&path).await.check_problem(400, "validation");
            stranger.get(&path).await.check_problem(404, "not-found");
        }
    }
    for query in [
        "unread=yes",
        "participant=you",
        "content_type=A",
        "object_id=x",
        "status=open",
    ] {
        let path = format!("{THREADS}?{query}");
        client.get(&path).await.check_problem(400, "validation");
    }
    let answer = client.get(&format!("{messages}?after=-1&before=x")).await;
    answer.check_faults(&["after: out_of_range", "before: wrong_type"]);
}

/// contract: threads.unread, messages.one.unchanged
#[tokio::test]
async fn a_deleted_message_is_not_unread_and_the_same_text_is_no_edit() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let path = thread_path(&thread["id"]);
    let unread_threads = format!("{THREADS}?unread=true");
    let oops = say(&writer, &thread, "oops").await;
    let message = message_path(&oops["id"]);
    let same = writer.patch(&message, &json!({"message": "oops"})).await;
    assert_eq!(same.check_json(200)["edited_at"], Value::Null);
    assert_eq!(client.get(&path).await.json()["unread_count"], 1);
    writer.delete(&message).await.check_no_content();
    let shown = client.get(&path).await.json();
    assert_eq!(shown["unread_count"], 0);
    assert_eq!(shown["last_message"]["is_deleted"], true);
    assert_eq!(client.get(&unread_threads).await.json(), json!([]));
}

/// contract: threads.read, perm.thread.post
#[tokio::test]
async fn reading_moves_the_mark() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let first = say(&writer, &thread, "one").await;
    let second = say(&writer, &thread, "two").await;
    let path = thread_path(&thread["id"]);
    let unread = async || client.get(&path).await.check_json(200)["unread_count"].clone();
    assert_eq!(unread().await, 2);
    assert_eq!(
        client
            .get(&format!("{THREADS}?unread=true"))
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let read = format!("{path}read/");
    client
        .post(&read, &json!({"up_to": first["id"]}))
        .await
        .check_no_content();
    assert_eq!(unread().await, 1);
    let answer = client.send(Method::POST, &read, |request| request).await;
    answer.check_no_content();
    assert_eq!(unread().await, 0);
    client.post(&read, &Value::Null).await.check_no_content();
    assert_eq!(
        client.get(&format!("{THREADS}?unread=true")).await.json(),
        json!([])
    );
    let answer = client.post(&read, &json!({"up_to": 999})).await;
    answer.check_faults(&["up_to: not_in_thread"]);
    let seen = writer
        .get(&format!("{path}messages/"))
        .await
        .check_json(200);
    assert_eq!(seen[1]["id"], second["id"]);
    assert_eq!(seen[1]["is_read"], true);
    assert_eq!(seen[1]["read_by"][0]["user"]["username"], "client");
    assert!(seen[1]["read_by"][0]["read_at"].is_string());
    let theirs = client
        .get(&format!("{path}messages/"))
        .await
        .check_json(200);
    assert_eq!(theirs[1]["read_by"], json!([]));
    let editor = desk.named("editor").await;
    editor
        .post(&read, &json!({}))
        .await
        .check_problem(403, "forbidden");
}

/// contract: threads.one, perm.thread.change
#[tokio::test]
async fn a_thread_is_changed_closed_and_reopened_by_its_creator_and_staff() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let path = thread_path(&thread["id"]);
    let close = json!({"is_active": false});
    client
        .patch(&path, &close)
        .await
        .check_problem(403, "forbidden");
    let closed = writer.patch(&path, &close).await.check_json(200);
    assert_eq!(closed["is_active"], false);
    let send = format!("{path}messages/");
    let answer = client.post(&send, &json!({"message": "hello"})).await;
    answer.check_problem(409, "thread-closed");
    let form = Form::new().file("attachment", "a", b"bytes");
    client
        .post_form(&send, form)
        .await
        .check_problem(409, "thread-closed");
    let editor = desk.named("editor").await;
    let change = json!({"is_active": true, "subject": " Another line "});
    let open = editor.patch(&path, &change).await.check_json(200);
    assert_eq!(
        (&open["is_active"], &open["subject"]),
        (&json!(true), &json!("Another line"))
    );
    let answer = writer
        .patch(&path, &json!({"subject": null, "is_private": true}))
        .await;
    answer.check_faults(&["subject: wrong_type", "is_private: unknown_field"]);
}

/// contract: threads.participants, perm.thread.participants
#[tokio::test]
async fn staff_add_and_remove_participants() {
    let desk = TestServer::start().await;
    let (editor, writer) = (desk.named("editor").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let path = format!("{}participants/", thread_path(&thread["id"]));
    let me = desk.world.editor.id;
    let joined = editor
        .post(&path, &json!({"user_id": me.get()}))
        .await
        .check_json(200);
    assert_eq!(
        usernames(&joined["participants"]),
        ["editor", "client", "writer"]
    );
    let stranger = json!({"user_id": desk.world.other_writer.id.get()});
    editor
        .post(&path, &stranger)
        .await
        .check_faults(&["user_id: not_eligible"]);
    writer
        .post(&path, &stranger)
        .await
        .check_problem(403, "forbidden");
    editor
        .post(&path, &json!({}))
        .await
        .check_faults(&["user_id: required"]);
    let removal = format!("{path}{me}/");
    writer
        .delete(&removal)
        .await
        .check_problem(403, "forbidden");
    editor.delete(&removal).await.check_no_content();
    editor
        .delete(&removal)
        .await
        .check_problem(404, "not-found");
}

/// contract: messages.send, messages.attachment
#[tokio::test]
async fn a_message_carries_a_file() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let first = say(&writer, &thread, "Please send it").await;
    let path = format!("{}messages/", thread_path(&thread["id"]));
    let form = Form::new()
        .text("reply_to", &first["id"].to_string())
        .file("attachment", "notes.txt", b"some notes")
        .text("recipient_id", &desk.world.writer.id.to_string())
        .text("message_type", "file");
    let sent = client.post_form(&path, form).await.check_json(201);
    assert_eq!(
        (&sent["message"], &sent["message_type"]),
        (&json!(""), &json!("file"))
    );
    assert_eq!(sent["reply_to"], first["id"]);
    assert_eq!(sent["recipient"]["username"], "writer");
    let url = format!("{}attachment/", message_path(&sent["id"]));
    assert_eq!(sent["attachment"]["file_url"], format!("{PUBLIC_URL}{url}"));
    assert_eq!(sent["attachment"]["file_name"], "notes.txt");
    assert_eq!(writer.get(&url).await.body, b"some notes");
    let stranger = desk.named("other_writer").await;
    stranger.get(&url).await.check_problem(404, "not-found");
    client
        .delete(&message_path(&sent["id"]))
        .await
        .check_no_content();
    writer.get(&url).await.check_problem(404, "not-found");
    let gone = writer.get(&path).await.check_json(200)[1].clone();
    assert_eq!(
        (&gone["message"], &gone["attachment"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(
        (&gone["is_deleted"], &gone["id"]),
        (&json!(true), &sent["id"])
    );
    let none = format!("{}attachment/", message_path(&first["id"]));
    writer.get(&none).await.check_problem(404, "not-found");
}

/// contract: messages.send, conv.limits, conv.errors.validation, messages.send.empty
#[tokio::test]
async fn messages_are_checked() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let path = format!("{}messages/", thread_path(&thread["id"]));
    let me = desk.world.client.id.get();
    for (body, faults) in [
        (json!({}), vec!["message: required"]),
        (json!({"message": "  "}), vec!["message: blank"]),
        (
            json!({"message": "x".repeat(10_001)}),
            vec!["message: too_long"],
        ),
        (
            json!({"message": "x", "message_type": "system"}),
            vec!["message_type: not_a_choice"],
        ),
        (
            json!({"message": "x", "message_type": "file"}),
            vec!["message_type: no_attachment"],
        ),
        (
            json!({"message": "x", "recipient_id": me}),
            vec!["recipient_id: not_eligible"],
        ),
        (
            json!({"message": "x", "reply_to": 999}),
            vec!["reply_to: not_in_thread"],
        ),
        (
            json!({"message": "x", "attachment": "y"}),
            vec!["attachment: unknown_field"],
        ),
    ] {
        client.post(&path, &body).await.check_faults(&faults);
    }
    let stored = objects(&desk).await;
    for (form, faults) in [
        (
            Form::new().text("message", "").text("n", "1"),
            vec!["n: unknown_field"],
        ),
        (Form::new().text("message", " "), vec!["message: blank"]),
        (
            Form::new().file("attachment", "a", b""),
            vec!["attachment: empty_file"],
        ),
        (
            Form::new()
                .file("attachment", "a", b"x")
                .text("reply_to", "x"),
            vec!["reply_to: wrong_type"],
        ),
        (
            Form::new().file("file", "a", b"x").text("message", "x"),
            vec!["file: unknown_field"],
        ),
    ] {
        client.post_form(&path, form).await.check_faults(&faults);
    }
    let form = Form::new().text("message", "only words");
    assert_eq!(
        client.post_form(&path, form).await.check_json(201)["attachment"],
        Value::Null
    );
    assert_eq!(stored, 0);
    let plain = client
        .send(Method::POST, &path, |request| {
            request.header("content-type", "text/plain").body("hello")
        })
        .await;
    plain.check_problem(415, "unsupported-media-type");
    let editor = desk.named("editor").await;
    let said = editor.post(&path, &json!({"message": "x"})).await;
    said.check_problem(403, "forbidden");
}

/// contract: messages.one, perm.message.change, perm.message.window
#[tokio::test]
async fn a_message_can_be_changed_for_fifteen_minutes() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let message = say(&writer, &thread, "one").await;
    let path = message_path(&message["id"]);
    let edit = json!({"message": "two"});
    client
        .patch(&path, &edit)
        .await
        .check_problem(403, "forbidden");
    client.delete(&path).await.check_problem(403, "forbidden");
    desk.world.clock.advance(Duration::from_secs(15 * 60));
    let edited = writer.patch(&path, &edit).await.check_json(200);
    assert_eq!(edited["message"], "two");
    assert!(edited["edited_at"].is_string());
    writer
        .patch(&path, &json!({"message": ""}))
        .await
        .check_faults(&["message: blank"]);
    desk.world.clock.advance(Duration::from_micros(1));
    writer
        .patch(&path, &edit)
        .await
        .check_problem(409, "edit-window-over");
    writer
        .delete(&path)
        .await
        .check_problem(409, "edit-window-over");
    desk.named("editor")
        .await
        .delete(&path)
        .await
        .check_no_content();
    let stranger = desk.named("other_client").await;
    stranger.delete(&path).await.check_problem(404, "not-found");
}

/// contract: messages.list, conv.lists.keyset
#[tokio::test]
async fn paging_through_many_messages_skips_and_repeats_none() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let thread = open_with_client(&desk, &writer).await;
    let thread_id = classdesk_domain::ids::ThreadId::new(thread["id"].as_i64().unwrap());
    let messages = &desk.classdesk.messages;
    let text = classdesk_domain::text::MessageText::parse("words").unwrap();
    let new = classdesk_domain::threads::NewMessage::text(text);
    let mut expected = Vec::new();
    for _ in 0..2_000 {
        let sent = messages.send(desk.world.writer, thread_id, new.clone(), None);
        expected.push(sent.await.unwrap().id.get());
    }
    let path = format!("{}messages/", thread_path(&thread["id"]));
    let (mut next, mut seen) = (Some(format!("{path}?limit=97")), Vec::new());
    while let Some(page) = next {
        let answer = client.get(&page).await;
        let list = answer.check_json(200);
        let ids = list
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["id"].as_i64().unwrap());
        seen.extend(ids);
        next = answer.next_page();
        // Others write and delete, at the end and in what was read already.
        if seen.len() < 1_500 {
            messages
                .send(desk.world.writer, thread_id, new.clone(), None)
                .await
                .unwrap();
            let gone = classdesk_domain::ids::MessageId::new(seen[seen.len() / 2]);
            messages.delete(&desk.world.admin, gone).await.unwrap();
        }
    }
    assert_eq!(seen[..2_000], expected);
    assert!(seen.is_sorted_by(|a, b| a < b));
    let before = format!("{path}?before={}&limit=3", expected[13]);
    let some = client.get(&before).await.check_json(200);
    let ids: Vec<_> = some
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, expected[10..13]);
}
