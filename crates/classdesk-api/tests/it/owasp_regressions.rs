//! The failures that systems of this class are known for, each tried here under its own name.

use std::collections::BTreeSet;
use std::time::Duration;

use classdesk_domain::people::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, Client, TestServer};
use crate::uploads::{bundle_path, upload_path};

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const THREADS: &str = "/api/v1/communications/threads/";
const MESSAGES: &str = "/api/v1/communications/messages/";
const TICKETS: &str = "/api/v1/tickets/";
const BYTES: &[u8] = b"what nobody else may read";

/// Everybody's people: the ones at the bundle, and the strangers.
struct People<'d> {
    admin: Client<'d>,
    client: Client<'d>,
    writer: Client<'d>,
    strangers: [Client<'d>; 2],
}

impl<'d> People<'d> {
    async fn of(desk: &'d TestServer) -> Self {
        Self {
            admin: desk.named("admin").await,
            client: desk.named("client").await,
            writer: desk.named("writer").await,
            strangers: [
                desk.named("other_client").await,
                desk.named("other_writer").await,
            ],
        }
    }
}

/// A bundle's things with bytes, as paths.
struct Things {
    thread: String,
    message: String,
    ticket: String,
    file: String,
    /// Where the bytes of the message, the ticket and the file are.
    bytes: [String; 3],
}

/// Fills the world's bundle: a thread between its parties, a ticket of its client, a file.
async fn fill(desk: &TestServer, people: &People<'_>) -> Things {
    let bundle = bundle_path(desk);
    let opened = json!({"recipient_id": desk.world.writer.id.get(), "subject": "a hidden line"});
    let opened = people
        .client
        .post(&format!("{bundle}create_thread/"), &opened)
        .await;
    let thread = format!("{THREADS}{}/", opened.check_json(201)["id"]);
    let form = Form::new().file("attachment", "a.txt", BYTES);
    let path = format!("{thread}messages/");
    let sent = people.client.post_form(&path, form).await.check_json(201);
    let message = format!("{MESSAGES}{}/", sent["id"]);
    let asked = json!({"title": "a hidden title", "description": ""});
    let asked = people
        .client
        .post(&format!("{bundle}create_ticket/"), &asked)
        .await;
    let ticket = format!("{TICKETS}{}/", asked.check_json(201)["id"]);
    let path = format!("{ticket}attachments/");
    let form = Form::new().file("file", "a.txt", BYTES);
    let attached = people.client.post_form(&path, form).await.check_json(201);
    let form = Form::new().file("file", "a.txt", BYTES);
    let uploaded = people.client.post_form(&upload_path(desk), form).await;
    let file = format!("{bundle}files/{}/", uploaded.check_json(201)["id"]);
    let bytes = [
        format!("{message}attachment/"),
        format!("{path}{}/download/", attached["id"]),
        format!("{file}download/"),
    ];
    Things {
        thread,
        message,
        ticket,
        file,
        bytes,
    }
}

async fn is_hidden(client: &Client<'_>, path: &str) {
    client.get(path).await.check_problem(404, "not-found");
}

/// The length of a list.
async fn count(client: &Client<'_>, path: &str) -> usize {
    let list = client.get(path).await.check_json(200);
    list.as_array().unwrap().len()
}

async fn second_bundle(desk: &TestServer, admin: &Client<'_>) -> String {
    let body = json!({"title": "A second one", "client_id": desk.world.other_client.id.get()});
    let bundle = admin.post(BUNDLES, &body).await.check_json(201);
    format!("{BUNDLES}{}/", bundle["id"])
}

/// contract: perm.hidden, perm.file.see, perm.thread.see, perm.ticket.see
#[tokio::test]
async fn a_file_is_fetched_by_a_guessed_id() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    for path in &things.bytes {
        assert_eq!(people.client.get(path).await.body, BYTES);
    }
    let bundle = bundle_path(&desk);
    for stranger in &people.strangers {
        for a in 1..=4 {
            is_hidden(stranger, &format!("{MESSAGES}{a}/attachment/")).await;
            for b in 1..=4 {
                is_hidden(stranger, &format!("{bundle}files/{b}/download/")).await;
                is_hidden(stranger, &format!("{BUNDLES}{a}/files/{b}/download/")).await;
                let path = format!("{TICKETS}{a}/attachments/{b}/download/");
                is_hidden(stranger, &path).await;
            }
        }
    }
    for path in &things.bytes {
        let nobody = desk.anonymous().get(path).await;
        nobody.check_problem(401, "unauthenticated");
    }
}

/// contract: perm.hidden, perm.thread.create, perm.ticket.create, perm.recipient
#[tokio::test]
async fn a_foreign_id_is_accepted_through_a_second_creation_route() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let theirs = json!({
        "content_type": "class_bundle", "object_id": desk.world.bundle.get(),
        "recipient_id": desk.world.client.id.get(),
    });
    let ticket = json!({
        "content_type": "class_bundle", "object_id": desk.world.bundle.get(),
        "title": "a", "description": "",
    });
    let [client, writer] = &people.strangers;
    for stranger in [client, writer] {
        let refused = stranger.post(THREADS, &theirs).await;
        refused.check_problem(404, "not-found");
        let path = format!("{}create_thread/", bundle_path(&desk));
        let refused = stranger.post(&path, &json!({"recipient_id": 1})).await;
        refused.check_problem(404, "not-found");
    }
    let refused = client.post(TICKETS, &ticket).await;
    refused.check_problem(404, "not-found");

    // A message of one thread is no answer to one of another, and nobody is made a recipient by
    // a message.
    let body = json!({"recipient_id": desk.world.client.id.get(), "is_private": true});
    let path = format!("{}create_thread/", bundle_path(&desk));
    let other = people.admin.post(&path, &body).await.check_json(201);
    let messages = format!("{THREADS}{}/messages/", other["id"]);
    let foreign = things.message.trim_start_matches(MESSAGES);
    let foreign: i64 = foreign.trim_end_matches('/').parse().unwrap();
    let reply = json!({"message": "a", "reply_to": foreign});
    let refused = people.client.post(&messages, &reply).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let to_an_outsider = json!({"message": "a", "recipient_id": desk.world.writer.id.get()});
    let refused = people.client.post(&messages, &to_an_outsider).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let invited = json!({"user_id": desk.world.other_writer.id.get()});
    let path = format!("{}participants/", things.thread);
    let refused = people.admin.post(&path, &invited).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let for_a_stranger = json!({
        "title": "a", "description": "", "on_behalf_of": desk.world.other_client.id.get(),
    });
    let path = format!("{}create_ticket/", bundle_path(&desk));
    let refused = people.admin.post(&path, &for_a_stranger).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(count(client, THREADS).await, 0);
    assert_eq!(count(client, TICKETS).await, 0);
}

/// contract: perm.counts
#[tokio::test]
async fn titles_and_counts_leak_through_lists() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    fill(&desk, &people).await;
    let staff_only = json!({
        "recipient_id": desk.world.editor.id.get(), "is_private": true, "subject": "among us",
    });
    let bundle = bundle_path(&desk);
    let path = format!("{bundle}create_thread/");
    people.admin.post(&path, &staff_only).await.check_json(201);
    let on_nothing = json!({"title": "a hidden title", "description": "words"});
    people
        .admin
        .post(TICKETS, &on_nothing)
        .await
        .check_json(201);

    let client = desk.world.client.id;
    let id = desk.world.bundle;
    for stranger in &people.strangers {
        for path in [
            BUNDLES.to_owned(),
            format!("{BUNDLES}?client={client}"),
            format!("{BUNDLES}?q=bundle"),
            THREADS.to_owned(),
            format!("{THREADS}?content_type=class_bundle&object_id={id}"),
            TICKETS.to_owned(),
            format!("{TICKETS}?q=hidden"),
            format!("{TICKETS}?created_by={client}"),
            format!("{TICKETS}?content_type=class_bundle&object_id={id}"),
        ] {
            assert_eq!(count(stranger, &path).await, 0, "{path}");
        }
    }
    for (person, threads, tickets) in [
        (&people.client, 1, 1),
        (&people.writer, 1, 0),
        (&people.admin, 2, 1),
    ] {
        let one = person.get(&bundle).await.check_json(200);
        let listed = person.get(BUNDLES).await.check_json(200)[0].clone();
        for seen in [&one, &listed] {
            assert_eq!(seen["threads_count"], threads, "{seen}");
            assert_eq!(seen["tickets_count"], tickets, "{seen}");
        }
        assert_eq!(count(person, &format!("{bundle}threads/")).await, threads);
        assert_eq!(count(person, &format!("{bundle}tickets/")).await, tickets);
    }
    assert_eq!(
        count(&people.client, &format!("{TICKETS}?q=hidden")).await,
        1
    );
}

/// contract: perm.file.see, perm.file.visibility, conv.downloads.policy
#[tokio::test]
async fn a_visibility_change_does_not_reach_the_bytes() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let bundle = bundle_path(&desk);
    let [.., bytes] = &things.bytes;
    for (person, flag) in [
        (&people.client, "is_visible_to_client"),
        (&people.writer, "is_visible_to_writer"),
    ] {
        let tag = person.get(bytes).await.header("etag").to_owned();
        let hidden = people
            .admin
            .patch(&things.file, &json!({ flag: false }))
            .await;
        hidden.check_json(200);
        is_hidden(person, &things.file).await;
        is_hidden(person, bytes).await;
        for (method, name, value) in [
            (Method::GET, "range", "bytes=0-3"),
            (Method::GET, "if-none-match", tag.as_str()),
            (Method::HEAD, "if-none-match", "*"),
        ] {
            let answer = person.send(method, bytes, |ask| ask.header(name, value));
            assert_eq!(answer.await.status, 404, "{name}: {value}");
        }
        assert_eq!(count(person, &format!("{bundle}files/")).await, 0);
        let one = person.get(&bundle).await.check_json(200);
        assert_eq!(one["files"], json!([]));
        let back = people
            .admin
            .patch(&things.file, &json!({ flag: true }))
            .await;
        back.check_json(200);
        assert_eq!(person.get(bytes).await.body, BYTES);
    }
}

/// contract: perm.ticket.internal, perm.counts
#[tokio::test]
async fn an_internal_note_is_shown_to_the_customer() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let ticket = &things.ticket;
    let doors = [
        ticket.clone(),
        format!("{ticket}messages/"),
        format!("{ticket}attachments/"),
        format!("{ticket}history/"),
        TICKETS.to_owned(),
        format!("{}tickets/", bundle_path(&desk)),
        bundle_path(&desk),
    ];
    let look = async || {
        let mut seen = Vec::new();
        for door in &doors {
            let answer = people.client.get(door).await;
            seen.push((
                door,
                answer.header("etag").to_owned(),
                answer.check_json(200),
            ));
        }
        seen
    };
    let before = look().await;
    desk.world.clock.advance(Duration::from_secs(60));
    let note = json!({"message": "between us", "is_internal": true});
    let path = format!("{ticket}messages/");
    people.admin.post(&path, &note).await.check_json(201);
    let form = Form::new()
        .file("file", "a.txt", BYTES)
        .text("is_internal", "true");
    let path = format!("{ticket}attachments/");
    let attached = people.admin.post_form(&path, form).await.check_json(201);
    assert_eq!(look().await, before);
    let bytes = format!("{path}{}/download/", attached["id"]);
    assert_eq!(people.admin.get(&bytes).await.body, BYTES);
    is_hidden(&people.client, &bytes).await;
}

/// contract: perm.hidden, tickets.attachment-download
#[tokio::test]
async fn ids_are_swapped_across_tickets_in_attachment_urls() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let mine = json!({"title": "mine", "description": ""});
    let mine = people.strangers[0].post(TICKETS, &mine).await;
    let mine = format!("{TICKETS}{}/", mine.check_json(201)["id"]);
    let internal = Form::new()
        .file("file", "a.txt", BYTES)
        .text("is_internal", "true");
    let path = format!("{}attachments/", things.ticket);
    people.admin.post_form(&path, internal).await;
    let other_bundle = second_bundle(&desk, &people.admin).await;
    for id in 1..=4 {
        let swapped = format!("{mine}attachments/{id}/download/");
        is_hidden(&people.strangers[0], &swapped).await;
        is_hidden(&people.admin, &swapped).await;
        for last in ["", "download/"] {
            let swapped = format!("{other_bundle}files/{id}/{last}");
            is_hidden(&people.strangers[0], &swapped).await;
            is_hidden(&people.admin, &swapped).await;
        }
        let swapped = format!("{other_bundle}files/{id}/");
        let change = json!({"description": "swapped"});
        let refused = people.admin.patch(&swapped, &change).await;
        refused.check_problem(404, "not-found");
        let refused = people.admin.delete(&swapped).await;
        refused.check_problem(404, "not-found");
    }
    for path in &things.bytes {
        assert_eq!(people.client.get(path).await.body, BYTES);
    }
}

/// A path of the document with 1 in the place of every id.
fn filled_in(pattern: &str) -> String {
    let pattern = pattern.replace("{content_type}", "class_bundle");
    let mut path = String::new();
    for (place, piece) in pattern.split(['{', '}']).enumerate() {
        path.push_str(if place % 2 == 1 { "1" } else { piece });
    }
    path
}

/// contract: conv.errors.405
#[tokio::test]
async fn state_is_changed_by_a_get() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let superadmin = desk.named("superadmin").await;
    fill(&desk, &people).await;
    let document = superadmin.get("/api/v1/openapi.json").await.check_json(200);
    let log = superadmin.get("/api/v1/audit/?limit=200").await;
    let log = log.check_json(200);
    let mut refused = 0;
    for (pattern, operations) in document["paths"].as_object().unwrap() {
        let path = filled_in(pattern);
        let reads = operations.get("get").is_some();
        for method in [Method::GET, Method::HEAD] {
            for override_ in ["DELETE", "POST", "PATCH"] {
                let tricked = format!("{path}?_method={override_}");
                for path in [&path, &tricked] {
                    let answer = superadmin
                        .send(method.clone(), path, |ask| {
                            ask.header("x-http-method-override", override_)
                                .header("x-method-override", override_)
                        })
                        .await;
                    if reads {
                        assert_ne!(answer.status, 405, "{path}");
                    } else {
                        assert_eq!(answer.status, 405, "{path}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 0);
    let after = superadmin.get("/api/v1/audit/?limit=200").await;
    assert_eq!(after.check_json(200), log);
}

/// contract: users.change, users.create
#[tokio::test]
async fn a_role_is_raised_through_a_patch() {
    let desk = TestServer::start().await;
    let roles = ["client", "writer", "editor", "admin", "superadmin"];
    // How many of the roles somebody manages, from the lowest.
    for (name, manages) in [("client", 0), ("writer", 0), ("editor", 0), ("admin", 3)] {
        let asker = desk.named(name).await;
        let me = asker.get("/api/v1/auth/me/").await.check_json(200);
        for role in roles {
            if role != name {
                let path = format!("/api/v1/users/{}/", me["id"]);
                let own = asker.patch(&path, &json!({"role": role})).await;
                own.check_problem(403, "forbidden");
            }
        }
        for (place, role) in [Role::Client, Role::Writer, Role::Editor, Role::Admin]
            .into_iter()
            .enumerate()
        {
            let other = desk.add_user(&format!("{name}{place}"), role).await;
            let path = format!("/api/v1/users/{}/", other.id);
            for raised in [3, 4] {
                let answer = asker.patch(&path, &json!({"role": roles[raised]})).await;
                let hidden = matches!(name, "client" | "writer");
                assert_eq!(answer.status, if hidden { 404 } else { 403 });
            }
            let answer = asker.patch(&path, &json!({"is_active": false})).await;
            assert_eq!(answer.status == 200, place < manages, "{}", answer.text());
        }
        for (place, role) in roles.into_iter().enumerate().skip(manages) {
            let body = json!({
                "username": format!("new.{name}.{place}"), "email": "new@desk.example",
                "role": role, "password": "correct horse battery",
            });
            let answer = asker.post("/api/v1/users/", &body).await;
            answer.check_problem(403, "forbidden");
        }
        for field in ["is_staff", "is_superuser", "permissions", "id", "version"] {
            let path = format!("/api/v1/users/{}/", me["id"]);
            let answer = asker.patch(&path, &json!({ field: true })).await;
            answer.check_faults(&[&format!("{field}: unknown_field")]);
        }
        let after = asker.get("/api/v1/auth/me/").await.check_json(200);
        assert_eq!(after, me);
    }
}

/// contract: perm.replaced-writer, perm.participant-party, perm.counts
#[tokio::test]
async fn a_replaced_writer_still_has_access() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let bundle = bundle_path(&desk);
    let form = Form::new().file("file", "a.txt", BYTES);
    let own = people.writer.post_form(&upload_path(&desk), form).await;
    let own = format!("{bundle}files/{}/", own.check_json(201)["id"]);
    let path = format!("{}messages/", things.thread);
    let said = people.writer.post(&path, &json!({"message": "a"})).await;
    let said = format!("{MESSAGES}{}/", said.check_json(201)["id"]);
    let to = json!({"writer_id": desk.world.other_writer.id.get()});
    let path = format!("{bundle}assign_writer/");
    people.admin.post(&path, &to).await.check_json(200);

    let writer = &people.writer;
    for path in [
        bundle.clone(),
        format!("{bundle}members/"),
        format!("{bundle}threads/"),
        format!("{bundle}tickets/"),
        format!("{bundle}files/"),
        own.clone(),
        format!("{own}download/"),
        things.file.clone(),
        things.thread.clone(),
        format!("{}messages/", things.thread),
        things.bytes[0].clone(),
        things.bytes[2].clone(),
    ] {
        is_hidden(writer, &path).await;
    }
    for path in [BUNDLES, THREADS] {
        assert_eq!(count(writer, path).await, 0, "{path}");
    }
    let text = json!({"message": "still here"});
    for answer in [
        writer
            .post(&format!("{}messages/", things.thread), &text)
            .await,
        writer
            .post(&format!("{}read/", things.thread), &json!({}))
            .await,
        writer.patch(&said, &text).await,
        writer.delete(&said).await,
        writer.patch(&own, &json!({"description": "a"})).await,
        writer.delete(&own).await,
        writer
            .post_form(
                &upload_path(&desk),
                Form::new().file("file", "a.txt", BYTES),
            )
            .await,
    ] {
        answer.check_problem(404, "not-found");
    }
    let next = &people.strangers[1];
    assert_eq!(next.get(&things.bytes[0]).await.body, BYTES);
}

/// contract: conv.auth.token
#[tokio::test]
async fn a_token_never_ends() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let sessions = "/api/v1/auth/sessions/";
    let hour = Duration::from_secs(3600);
    for _ in 0..14 * 24 - 1 {
        desk.world.clock.advance(hour);
        client.get(sessions).await.check_json(200);
    }
    desk.world.clock.advance(hour);
    let ended = client.get(sessions).await;
    ended.check_problem(401, "unauthenticated");
    // Neither the old token nor anything made of it opens anything again.
    let token = client.token();
    for token in [
        token.to_owned(),
        token.to_uppercase(),
        format!("{token}="),
        String::new(),
    ] {
        let answer = desk.with_token(token).get(sessions).await;
        answer.check_problem(401, "unauthenticated");
    }
}

/// What somebody can tell from an answer: its words, its headers, and how much work it was.
async fn told(
    desk: &TestServer,
    answer: impl Future<Output = Answer>,
) -> (u16, String, String, u64) {
    let before = desk.store.calls();
    let answer = answer.await;
    let work = desk.store.calls() - before;
    let headers: BTreeSet<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
    let headers = headers.into_iter().collect::<Vec<_>>().join(" ");
    let (status, text) = answer.without_request_id();
    (status, text, headers, work)
}

/// Time is not measured: the answers have to come from equally many questions to the store.
///
/// contract: perm.hidden
#[tokio::test]
async fn hidden_and_missing_are_told_apart_by_timing() {
    let desk = TestServer::start().await;
    let people = People::of(&desk).await;
    let things = fill(&desk, &people).await;
    let stranger = &people.strangers[0];
    let [message, ticket, file] = &things.bytes;
    let bundle = bundle_path(&desk);
    let missing = |path: &str| {
        let mut last = true;
        let pieces: Vec<&str> = path.rsplit('/').collect();
        let swapped = pieces.into_iter().map(|piece| {
            let is_id = piece.parse::<i64>().is_ok();
            if is_id && last {
                last = false;
                "424242"
            } else {
                piece
            }
        });
        let mut swapped: Vec<&str> = swapped.collect();
        swapped.reverse();
        swapped.join("/")
    };
    for (hidden, gone) in [
        (&things.thread, missing(&things.thread)),
        (message, missing(message)),
        (&things.ticket, missing(&things.ticket)),
        (
            ticket,
            format!("{}attachments/1/download/", missing(&things.ticket)),
        ),
        (&things.file, missing(&things.file)),
        (file, missing(file)),
        (&bundle, missing(&bundle)),
    ] {
        let one = told(&desk, stranger.get(hidden)).await;
        assert_eq!(one, told(&desk, stranger.get(&gone)).await, "GET {gone}");
        assert_eq!(one.0, 404);
    }
    for (hidden, body) in [
        (format!("{}messages/", things.thread), json!({"message": 1})),
        (format!("{}read/", things.thread), json!({})),
        (
            format!("{}messages/", things.ticket),
            json!({"message": "a"}),
        ),
        (format!("{bundle}create_ticket/"), Value::Null),
        (
            format!("{bundle}create_thread/"),
            json!({"recipient_id": 1}),
        ),
    ] {
        let one = told(&desk, stranger.post(&hidden, &body)).await;
        let gone = missing(&hidden);
        let other = told(&desk, stranger.post(&gone, &body)).await;
        assert_eq!(one, other, "POST {gone}");
        assert_eq!(one.0, 404);
    }
    for hidden in [
        &things.thread,
        &things.message,
        &things.ticket,
        &things.file,
    ] {
        let body = json!({"subject": "a"});
        let one = told(&desk, stranger.patch(hidden, &body)).await;
        let gone = missing(hidden);
        let other = told(&desk, stranger.patch(&gone, &body)).await;
        assert_eq!(one, other, "PATCH {gone}");
        assert_eq!(one.0, 404);
    }
}
