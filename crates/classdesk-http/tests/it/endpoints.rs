//! People, bundles, subjects and the audit log, and how their paths are written.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Client, Desk};
use crate::uploads::{bundle_path, upload_path};

const USERS: &str = "/api/v1/users/";
const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const THREADS: &str = "/api/v1/communications/threads/";
const TICKETS: &str = "/api/v1/tickets/";
const AUDIT: &str = "/api/v1/audit/";

/// One field of every item of a list.
async fn column(client: &Client<'_>, path: &str, name: &str) -> Vec<Value> {
    let list = client.get(path).await.check_json(200);
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[name].clone()).collect()
}

/// contract: slash, auth.me, operations
#[tokio::test]
async fn every_path_is_served_without_its_slash_too() {
    let desk = Desk::start().await;
    let superadmin = desk.named("superadmin").await;
    let bundle = bundle_path(&desk);
    let mut paths = vec![
        "/api/v1/auth/me/".to_owned(),
        "/api/v1/auth/sessions/".to_owned(),
        USERS.to_owned(),
        BUNDLES.to_owned(),
        THREADS.to_owned(),
        TICKETS.to_owned(),
        AUDIT.to_owned(),
        format!("{USERS}{}/", desk.world.client.id),
        bundle.clone(),
    ];
    for below in ["members/", "threads/", "tickets/", "files/"] {
        paths.push(format!("{bundle}{below}"));
    }
    for path in paths {
        let answer = superadmin.get(&path).await;
        let bare = superadmin.get(path.trim_end_matches('/')).await;
        assert_eq!((bare.status, bare.text()), (200, answer.text()), "{path}");
    }
    let live = desk.anonymous().get("/healthz/live/").await;
    assert_eq!(live.json(), json!({"status": "ok"}));
    let ticket = json!({"title": "a", "description": "b"});
    let created = superadmin.post("/api/v1/tickets", &ticket).await;
    created.check_json(201);
    let form = Form::new().file("file", "a", b"bytes");
    let path = upload_path(&desk);
    let stored = superadmin.post_form(path.trim_end_matches('/'), form).await;
    stored.check_json(201);
}

/// contract: users.list
#[tokio::test]
async fn people_are_found_by_role_activity_and_words() {
    let desk = Desk::start().await;
    let editor = desk.named("editor").await;
    let off = json!({"is_active": false});
    let path = format!("{USERS}{}/", desk.world.other_writer.id);
    let admin = desk.named("admin").await;
    admin.patch(&path, &off).await.check_json(200);
    for (query, expected) in [
        ("role=writer", json!(["writer", "other_writer"])),
        ("role=writer&is_active=true", json!(["writer"])),
        ("is_active=false", json!(["other_writer"])),
        ("q=OTHER_C", json!(["other_client"])),
        ("q=nothing%20of%20this", json!([])),
    ] {
        let found = column(&editor, &format!("{USERS}?{query}"), "username").await;
        assert_eq!(Value::from(found), expected, "{query}");
    }
    for query in ["role=boss", "is_active=maybe", "typo=1"] {
        let refused = editor.get(&format!("{USERS}?{query}")).await;
        refused.check_problem(400, "validation");
    }
    let client = desk.named("client").await;
    client.get(USERS).await.check_problem(403, "forbidden");
}

/// contract: users.create, users.one, users.change
#[tokio::test]
async fn people_are_created_and_changed_by_who_may() {
    let desk = Desk::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let mut body = json!({
        "username": "New.Person", "email": "New@Example.com", "role": "writer",
        "password": "staple that is new",
    });
    client
        .post(USERS, &body)
        .await
        .check_problem(403, "forbidden");
    let person = admin.post(USERS, &body).await.check_json(201);
    assert_eq!(person["username"], "new.person");
    assert_eq!(person["display_name"], "new.person");
    assert_eq!(
        (&person["role"], &person["is_active"]),
        (&json!("writer"), &json!(true))
    );
    admin
        .post(USERS, &body)
        .await
        .check_problem(409, "username-taken");
    body["username"] = json!("boss");
    body["role"] = json!("superadmin");
    admin
        .post(USERS, &body)
        .await
        .check_problem(403, "forbidden");

    let path = format!("{USERS}{}/", person["id"]);
    assert_eq!(admin.get(&path).await.check_json(200), person);
    client.get(&path).await.check_problem(404, "not-found");
    let login = json!({"username": "new.person", "password": "staple that is new"});
    let entered = desk.anonymous().post("/api/v1/auth/login/", &login).await;
    let token = entered.check_json(200)["access_token"].clone();
    let oneself = desk.with_token(token.as_str().unwrap());
    let shown = json!({"display_name": "New", "email": "newer@example.com"});
    let changed = oneself.patch(&path, &shown).await.check_json(200);
    assert_eq!(changed["email"], "newer@example.com");
    assert_eq!(oneself.get(&path).await.check_json(200), changed);
    admin
        .patch(&path, &shown)
        .await
        .check_problem(403, "forbidden");
    client
        .patch(&path, &shown)
        .await
        .check_problem(404, "not-found");
    let role = json!({"role": "client"});
    oneself
        .patch(&path, &role)
        .await
        .check_problem(403, "forbidden");
    assert_eq!(
        admin.patch(&path, &role).await.check_json(200)["role"],
        "client"
    );
    let password = json!({"password": "yet another staple"});
    admin.patch(&path, &password).await.check_json(200);
    oneself
        .get(&path)
        .await
        .check_problem(401, "unauthenticated");
}

/// contract: bundles.create, bundles.list, perm.bundle.change
#[tokio::test]
async fn bundles_are_created_by_admins_and_found_by_what_they_are() {
    let desk = Desk::start().await;
    let (admin, editor) = (desk.named("admin").await, desk.named("editor").await);
    let world = &desk.world;
    let body = json!({
        "client_id": world.other_client.id.get(), "title": "Autumn Needle",
        "assigned_writer_id": world.other_writer.id.get(), "status": "in_progress",
        "number_of_classes": 12, "start_date": "2026-03-01", "end_date": "2026-06-30",
        "level": "B2", "description": "words",
    });
    for name in ["client", "writer", "editor"] {
        let refused = desk.named(name).await.post(BUNDLES, &body).await;
        refused.check_problem(403, "forbidden");
    }
    let made = admin.post(BUNDLES, &body).await;
    let bundle = made.check_json(201);
    for name in [
        "title",
        "status",
        "number_of_classes",
        "start_date",
        "end_date",
        "level",
    ] {
        assert_eq!(bundle[name], body[name], "{name}");
    }
    assert_eq!(bundle["client"], body["client_id"]);
    assert_eq!(bundle["assigned_writer_username"], "other_writer");
    assert_eq!(bundle["created_by"], world.admin.id.get());
    assert_eq!(bundle["files"], json!([]));
    let (first, second) = (json!(world.bundle.get()), bundle["id"].clone());
    assert_eq!(
        column(&editor, BUNDLES, "id").await,
        [second.clone(), first.clone()]
    );
    let other = desk.named("other_client").await;
    assert_eq!(column(&other, BUNDLES, "id").await, [second.clone()]);
    for (query, expected) in [
        ("status=in_progress".to_owned(), &second),
        (format!("client={}", world.client.id), &first),
        (format!("assigned_writer={}", world.writer.id), &first),
        ("q=NEEDLE".to_owned(), &second),
    ] {
        let found = column(&editor, &format!("{BUNDLES}?{query}"), "id").await;
        assert_eq!(found, [expected.clone()], "{query}");
    }
    let refused = editor.get(&format!("{BUNDLES}?status=done")).await;
    refused.check_problem(400, "validation");
}

/// contract: bundles.one, bundles.change, conv.concurrency, conv.concurrency.tag, perm.bundle.see
#[tokio::test]
async fn a_bundle_is_read_and_changed_for_one_version() {
    let desk = Desk::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let path = bundle_path(&desk);
    for shown in ["true", "false"] {
        let form = Form::new().file("file", shown, b"bytes");
        let form = form.text("is_visible_to_client", shown);
        admin
            .post_form(&upload_path(&desk), form)
            .await
            .check_json(201);
    }
    let seen = client.get(&path).await;
    let detail = seen.check_json(200);
    assert_eq!(detail["files"].as_array().unwrap().len(), 1);
    assert_eq!(detail["files"][0]["file_name"], "true");
    let theirs = admin.get(&path).await.check_json(200);
    assert_eq!(theirs["files"].as_array().unwrap().len(), 2);
    let tag = seen.header("etag").to_owned();
    assert!(tag.starts_with("\"1"), "strong, and of version 1: {tag}");
    let change = async |tag: &str, status: &str| {
        let body = json!({"status": status});
        admin
            .send(Method::PATCH, &path, |request| {
                request.header("if-match", tag).json(&body)
            })
            .await
    };
    let changed = change(&tag, "completed").await;
    let bundle = changed.check_json(200);
    assert_eq!(
        (&bundle["status"], &bundle["version"]),
        (&json!("completed"), &json!(2))
    );
    assert!(bundle["completed_at"].is_string());
    let late = change(&tag, "exhausted").await;
    late.check_problem(412, "precondition-failed");
    assert_eq!(admin.get(&path).await.json()["status"], "completed");
    let refused = client.patch(&path, &json!({"title": "Mine"})).await;
    refused.check_problem(403, "forbidden");
    let stranger = desk.named("other_client").await;
    stranger.get(&path).await.check_problem(404, "not-found");
}

/// contract: bundles.assign-writer, bundles.assign-writer.joins, perm.replaced-writer
/// contract: perm.participant-party
#[tokio::test]
async fn a_new_writer_gains_what_the_former_loses() {
    let desk = Desk::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let (former, new) = (desk.named("writer").await, desk.named("other_writer").await);
    let bundle = bundle_path(&desk);
    let open = async |is_private: bool| {
        let recipient = desk.world.writer.id.get();
        let body = json!({"recipient_id": recipient, "is_private": is_private});
        let opened = client.post(&format!("{bundle}create_thread/"), &body).await;
        format!("{THREADS}{}/", opened.check_json(201)["id"])
    };
    let (public, private) = (open(false).await, open(true).await);
    let form = Form::new().file("file", "a", b"bytes");
    let file = former
        .post_form(&upload_path(&desk), form)
        .await
        .check_json(201);
    let file = format!("{bundle}files/{}/download/", file["id"]);
    let assign = format!("{bundle}assign_writer/");
    let body = json!({"writer_id": desk.world.other_writer.id.get()});
    former
        .post(&assign, &body)
        .await
        .check_problem(403, "forbidden");
    let bundle_now = admin.post(&assign, &body).await.check_json(200);
    assert_eq!(bundle_now["assigned_writer_username"], "other_writer");
    for path in [&bundle, &public, &private, &file] {
        former.get(path).await.check_problem(404, "not-found");
    }
    assert_eq!(column(&former, THREADS, "id").await, [] as [Value; 0]);
    for path in [&bundle, &public, &file] {
        assert_eq!(new.get(path).await.status, 200, "{path}");
    }
    new.get(&private).await.check_problem(404, "not-found");
    let nobody = json!({"writer_id": null});
    let bundle_now = admin.post(&assign, &nobody).await.check_json(200);
    assert_eq!(bundle_now["assigned_writer"], Value::Null);
    new.get(&bundle).await.check_problem(404, "not-found");
    let client_id = json!({"writer_id": desk.world.client.id.get()});
    let refused = admin.post(&assign, &client_id).await;
    refused.check_faults(&["writer_id: not_eligible"]);
}

/// contract: bundles.members, perm.bundle.see
#[tokio::test]
async fn members_come_with_their_relation() {
    let desk = Desk::start().await;
    let path = format!("{}members/", bundle_path(&desk));
    for name in ["client", "writer", "editor"] {
        let asker = desk.named(name).await;
        let people = column(&asker, &path, "username").await;
        assert_eq!(
            people,
            ["superadmin", "admin", "editor", "client", "writer"]
        );
        let relations = column(&asker, &path, "relation").await;
        assert_eq!(
            relations,
            ["staff", "staff", "staff", "client", "assigned_writer"]
        );
    }
    let stranger = desk.named("other_writer").await;
    stranger.get(&path).await.check_problem(404, "not-found");
}

/// contract: bundles.files, bundles.tickets, bundles.file, perm.file.change
#[tokio::test]
async fn files_and_tickets_of_a_bundle_come_newest_first() {
    let desk = Desk::start().await;
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

/// contract: subjects, subjects.native, perm.requester.kept
#[tokio::test]
async fn a_requester_keeps_a_ticket_when_its_subject_gets_another_client() {
    let desk = Desk::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let other = desk.named("other_client").await;
    let order = "/api/v1/subjects/order/42/";
    let mut body = json!({"client_id": desk.world.client.id.get(), "label": "An order"});
    other
        .put(order, &body)
        .await
        .check_problem(404, "not-found");
    let subject = admin.put(order, &body).await.check_json(201);
    assert_eq!(
        subject,
        json!({
            "content_type": "order", "object_id": 42, "label": "An order",
            "client_id": desk.world.client.id.get(), "assigned_writer_id": null,
        })
    );
    assert_eq!(client.get(order).await.check_json(200), subject);
    other.get(order).await.check_problem(404, "not-found");
    client
        .put(order, &body)
        .await
        .check_problem(403, "forbidden");
    let about = json!({
        "title": "Help", "description": "words", "content_type": "order", "object_id": 42,
    });
    let ticket = client.post(TICKETS, &about).await.check_json(201);
    let path = format!("{TICKETS}{}/", ticket["id"]);

    body["client_id"] = json!(desk.world.other_client.id.get());
    admin.put(order, &body).await.check_json(200);
    client.get(order).await.check_problem(404, "not-found");
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

    admin
        .delete(order)
        .await
        .check_problem(409, "subject-in-use");
    let free = "/api/v1/subjects/order/43/";
    admin.put(free, &body).await.check_json(201);
    admin.delete(free).await.check_no_content();
    admin.get(free).await.check_problem(404, "not-found");
    let native = format!("/api/v1/subjects/class_bundle/{}/", desk.world.bundle);
    admin
        .put(&native, &body)
        .await
        .check_faults(&["content_type: native_subject"]);
    let malformed = admin.put("/api/v1/subjects/Order/1/", &body).await;
    malformed.check_problem(404, "not-found");
}
