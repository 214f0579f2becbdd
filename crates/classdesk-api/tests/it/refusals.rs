//! What a refusal (403) says.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, TestServer};
use crate::uploads::bundle_path;

#[track_caller]
fn check(refused: &Answer, reason: &str, field: Option<&str>) {
    let problem = refused.check_problem(403, "forbidden");
    assert_eq!(problem["reason"], reason, "{problem}");
    assert_eq!(problem["field"], json!(field), "{problem}");
    assert_eq!(problem.get("field").is_some(), field.is_some(), "{problem}");
}

/// contract: conv.errors.reason
#[tokio::test]
async fn a_refusal_says_which_right_is_lacking_and_what_asks_for_it() {
    let desk = TestServer::start().await;
    let (world, store, bundle) = (&desk.world, &*desk.store, bundle_path(&desk));
    let people = [world.client, world.writer];
    let thread = world.add_thread(store, &people).await.thread.id;
    let message = world.add_message(store, thread, world.client).await;
    let thread = format!("/api/v1/communications/threads/{thread}/");
    let message = format!("/api/v1/communications/messages/{message}/");
    let ticket = world.add_ticket(store, world.client, None).await.id;
    let ticket = format!("/api/v1/tickets/{ticket}/");
    let (me, other) = (
        format!("/api/v1/users/{}/", world.client.id),
        format!("/api/v1/users/{}/", world.writer.id),
    );
    let users = "/api/v1/users/";
    let bundles = "/api/v1/class-management/class-bundles/".to_owned();
    let [assign, create_ticket] =
        ["assign_writer", "create_ticket"].map(|name| format!("{bundle}{name}/"));
    let [messages, read, participants] =
        ["messages", "read", "participants"].map(|name| format!("{thread}{name}/"));
    let notes = format!("{ticket}messages/");
    let admin_to_be = json!({
        "username": "boss", "email": "boss@desk.example", "role": "admin",
        "password": "correct horse battery",
    });
    let for_client = json!({
        "title": "Help", "description": "", "on_behalf_of": world.client.id.get(),
    });
    let writer = json!({"writer_id": null});
    let internal = json!({"message": "Hm", "is_internal": true});
    let order = json!({"client_id": world.client.id.get(), "label": "An order"});
    let subject = format!("/api/v1/subjects/class_bundle/{}/", world.bundle);
    for (who, method, path, body, reason, field) in [
        (
            "editor",
            Method::POST,
            bundles.as_str(),
            json!({}),
            "create_bundle",
            None,
        ),
        (
            "client",
            Method::PATCH,
            bundle.as_str(),
            json!({}),
            "change_bundle",
            None,
        ),
        (
            "client",
            Method::POST,
            assign.as_str(),
            writer,
            "change_bundle",
            None,
        ),
        (
            "client",
            Method::PUT,
            subject.as_str(),
            order,
            "manage_subject",
            None,
        ),
        (
            "editor",
            Method::POST,
            messages.as_str(),
            json!({}),
            "participate",
            None,
        ),
        (
            "editor",
            Method::POST,
            read.as_str(),
            json!({}),
            "participate",
            None,
        ),
        (
            "writer",
            Method::PATCH,
            thread.as_str(),
            json!({}),
            "change_thread",
            None,
        ),
        (
            "client",
            Method::POST,
            participants.as_str(),
            json!({}),
            "manage_participants",
            None,
        ),
        (
            "writer",
            Method::PATCH,
            message.as_str(),
            json!({}),
            "edit_message",
            None,
        ),
        (
            "writer",
            Method::DELETE,
            message.as_str(),
            Value::Null,
            "delete_message",
            None,
        ),
        (
            "writer",
            Method::POST,
            "/api/v1/tickets/",
            json!({}),
            "create_ticket",
            None,
        ),
        (
            "client",
            Method::POST,
            create_ticket.as_str(),
            for_client,
            "create_ticket_for_client",
            Some("on_behalf_of"),
        ),
        (
            "client",
            Method::POST,
            notes.as_str(),
            internal,
            "write_internal",
            Some("is_internal"),
        ),
        (
            "client",
            Method::PATCH,
            ticket.as_str(),
            json!({"status": "in_progress"}),
            "move_ticket",
            Some("status"),
        ),
        (
            "client",
            Method::PATCH,
            ticket.as_str(),
            json!({"title": "x", "category": "order"}),
            "triage_ticket",
            Some("category"),
        ),
        (
            "client",
            Method::PATCH,
            ticket.as_str(),
            json!({"assigned_to": null}),
            "triage_ticket",
            Some("assigned_to"),
        ),
        (
            "client",
            Method::GET,
            users,
            Value::Null,
            "list_users",
            None,
        ),
        (
            "client",
            Method::POST,
            users,
            admin_to_be.clone(),
            "manage_role",
            None,
        ),
        (
            "admin",
            Method::POST,
            users,
            admin_to_be,
            "manage_role",
            Some("role"),
        ),
        (
            "client",
            Method::PATCH,
            me.as_str(),
            json!({"is_active": false}),
            "manage_user",
            Some("is_active"),
        ),
        (
            "admin",
            Method::PATCH,
            other.as_str(),
            json!({"role": "superadmin"}),
            "manage_role",
            Some("role"),
        ),
        (
            "client",
            Method::PATCH,
            me.as_str(),
            json!({"username": "x.y"}),
            "manage_user",
            Some("username"),
        ),
        (
            "editor",
            Method::PATCH,
            other.as_str(),
            json!({}),
            "manage_user",
            None,
        ),
        (
            "admin",
            Method::GET,
            "/api/v1/audit/",
            Value::Null,
            "read_audit",
            None,
        ),
    ] {
        let client = desk.named(who).await;
        let refused = client.send(method, path, |request| match body {
            Value::Null => request,
            body => request.json(&body),
        });
        check(&refused.await, reason, field);
    }
}

/// contract: conv.errors.reason
#[tokio::test]
async fn a_refused_form_says_so_too() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let bundle = bundle_path(&desk);
    let form = || Form::new().file("file", "plan.txt", b"words");
    let ticket = desk.world.add_ticket(&*desk.store, desk.world.client, None);
    let attachments = format!("/api/v1/tickets/{}/attachments/", ticket.await.id);
    let hidden = form().text("is_internal", "true");
    let refused = client.post_form(&attachments, hidden).await;
    check(&refused, "write_internal", Some("is_internal"));
    let upload = format!("{bundle}upload_file/");
    let hidden = form().text("is_visible_to_writer", "false");
    let refused = client.post_form(&upload, hidden).await;
    check(&refused, "set_visibility", Some("is_visible_to_writer"));
    let file = admin.post_form(&upload, form()).await.check_json(201);
    let file = format!("{bundle}files/{}/", file["id"]);
    let refused = client.patch(&file, &json!({"description": "Mine"})).await;
    check(&refused, "change_file", None);
    let own = client.post_form(&upload, form()).await.check_json(201);
    let own = format!("{bundle}files/{}/", own["id"]);
    let hide = json!({"description": "Mine", "is_visible_to_client": false});
    let refused = client.patch(&own, &hide).await;
    check(&refused, "set_visibility", Some("is_visible_to_client"));
}
