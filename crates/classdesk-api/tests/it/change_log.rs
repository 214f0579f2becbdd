//! The audit log: who did what to which thing.

use classdesk_domain::events::EventAction;
use classdesk_domain::people::{Email, LoginName, NewUser, Role, Username};
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Client, PASSWORD, TestServer};
use crate::uploads::{bundle_path, upload_path};

const AUDIT: &str = "/api/v1/audit/";

async fn create(client: &Client<'_>, path: &str, body: Value) -> i64 {
    let created = client.post(path, &body).await.check_json(201);
    created["id"].as_i64().unwrap()
}

async fn change(client: &Client<'_>, path: &str, body: Value) {
    client.patch(path, &body).await.check_json(200);
}

async fn change_people(desk: &TestServer) {
    let admin = desk.named("admin").await;
    let body = json!({
        "username": "somebody", "email": "somebody@example.com", "role": "client",
        "password": PASSWORD,
    });
    let id = create(&admin, "/api/v1/users/", body).await;
    let path = format!("/api/v1/users/{id}/");
    let login = json!({"username": "somebody", "password": PASSWORD});
    let entered = desk.anonymous().post("/api/v1/auth/login/", &login).await;
    let token = entered.check_json(200)["access_token"].clone();
    let oneself = desk.with_token(token.as_str().unwrap());
    change(&oneself, &path, json!({"display_name": "Somebody"})).await;
    let keys = "/api/v1/auth/keys/";
    let id = create(&oneself, keys, json!({"name": "CRM", "access": "read"})).await;
    let ended = oneself.delete(&format!("{keys}{id}/")).await;
    ended.check_no_content();
    let left = oneself.post("/api/v1/auth/logout/", &json!({})).await;
    left.check_no_content();
    change(&admin, &path, json!({"password": "another horse battery"})).await;
    let commands = &desk.classdesk.admin_commands;
    commands.unlock(&LoginName::new("somebody")).await.unwrap();
    let username = Username::parse("guest").unwrap();
    let guest = NewUser::new(
        username,
        Email::parse("guest@example.com").unwrap(),
        Role::Client,
    );
    commands.invite(guest).await.unwrap();
}

async fn change_subjects(desk: &TestServer) {
    let admin = desk.named("admin").await;
    let order = "/api/v1/subjects/order/7/";
    let mut body = json!({"client_id": desk.world.client.id.get(), "label": "An order"});
    admin.put(order, &body).await.check_json(201);
    body["label"] = json!("The order");
    admin.put(order, &body).await.check_json(200);
    admin.delete(order).await.check_no_content();
    let bundles = "/api/v1/class-management/class-bundles/";
    let body = json!({"client_id": desk.world.client.id.get(), "title": "Autumn"});
    let path = format!("{bundles}{}/", create(&admin, bundles, body).await);
    change(&admin, &path, json!({"level": "B2"})).await;
    let writer = json!({"writer_id": desk.world.writer.id.get()});
    let assigned = admin.post(&format!("{path}assign_writer/"), &writer).await;
    assigned.check_json(200);
}

async fn change_threads(desk: &TestServer) {
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let body = json!({"recipient_id": desk.world.writer.id.get()});
    let path = format!("{}create_thread/", bundle_path(desk));
    let id = create(&client, &path, body).await;
    let path = format!("/api/v1/communications/threads/{id}/");
    change(&client, &path, json!({"subject": "Another line"})).await;
    for is_active in [false, true] {
        change(&client, &path, json!({"is_active": is_active})).await;
    }
    let people = format!("{path}participants/");
    let joins = json!({"user_id": desk.world.editor.id.get()});
    editor.post(&people, &joins).await.check_json(200);
    let leaves = format!("{people}{}/", desk.world.editor.id);
    editor.delete(&leaves).await.check_no_content();
    let body = json!({"message": "Hello"});
    let id = create(&client, &format!("{path}messages/"), body).await;
    let path = format!("/api/v1/communications/messages/{id}/");
    change(&client, &path, json!({"message": "Good day"})).await;
    client.delete(&path).await.check_no_content();
}

async fn change_tickets(desk: &TestServer) {
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let body = json!({"title": "Help", "description": ""});
    let id = create(&client, "/api/v1/tickets/", body).await;
    let path = format!("/api/v1/tickets/{id}/");
    let all = json!({
        "status": "in_progress", "priority": "high", "category": "technical", "title": "Help!",
        "assigned_to": desk.world.editor.id.get(),
    });
    change(&editor, &path, all).await;
    let messages = format!("{path}messages/");
    let message = create(&client, &messages, json!({"message": "Well?"})).await;
    let attachments = format!("{path}attachments/");
    let form = Form::new().file("file", "a", b"bytes");
    let attached = client.post_form(&attachments, form).await;
    let file = attached.check_json(201)["id"].clone();
    for path in [
        format!("{messages}{message}/"),
        format!("{attachments}{file}/"),
    ] {
        editor.delete(&path).await.check_no_content();
    }
}

async fn change_files(desk: &TestServer) {
    let client = desk.named("client").await;
    let form = Form::new().file("file", "a", b"bytes");
    let file = client.post_form(&upload_path(desk), form).await;
    let id = file.check_json(201)["id"].clone();
    let path = format!("{}files/{id}/", bundle_path(desk));
    change(&client, &path, json!({"description": "The plan"})).await;
    client.delete(&path).await.check_no_content();
}

async fn change_webhooks(desk: &TestServer) {
    let admin = desk.named("admin").await;
    let webhooks = "/api/v1/webhooks/";
    let body = json!({"url": "https://hooks.example/"});
    let path = format!("{webhooks}{}/", create(&admin, webhooks, body).await);
    change(&admin, &path, json!({"types": ["ticket.*"]})).await;
    for is_active in [false, true] {
        change(&admin, &path, json!({"is_active": is_active})).await;
    }
    let rotate = format!("{path}rotate_secret/");
    admin.post(&rotate, &json!({})).await.check_json(201);
    admin.delete(&path).await.check_no_content();
}

async fn entries(client: &Client<'_>, query: &str) -> Vec<Value> {
    let path = format!("{AUDIT}?limit=200&{query}");
    let list = client.get(&path).await.check_json(200);
    list.as_array().unwrap().clone()
}

/// contract: audit.complete, audit
#[tokio::test]
async fn every_kind_of_change_is_an_entry() {
    let desk = TestServer::start().await;
    change_people(&desk).await;
    change_subjects(&desk).await;
    change_threads(&desk).await;
    change_tickets(&desk).await;
    change_files(&desk).await;
    change_webhooks(&desk).await;
    let superadmin = desk.named("superadmin").await;
    let all = entries(&superadmin, "").await;
    let ids: Vec<_> = all
        .iter()
        .map(|entry| entry["id"].as_i64().unwrap())
        .collect();
    assert!(
        ids.is_sorted_by(|newer, older| newer > older),
        "newest first"
    );
    let mut told: Vec<_> = all
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    told.dedup();
    let mut kinds: Vec<_> = EventAction::ALL
        .iter()
        .map(|action| action.as_str())
        .collect();
    kinds.sort_unstable();
    assert_eq!(told, kinds);
}
