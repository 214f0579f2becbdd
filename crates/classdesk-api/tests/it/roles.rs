//! What a new role or a deactivation takes with it, seen over HTTP.

use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestServer};

const USERS: &str = "/api/v1/users/";
const TICKETS: &str = "/api/v1/tickets/";

/// contract: perm.last-superadmin
#[tokio::test]
async fn the_last_superadmin_is_a_conflict_of_its_own_kind() {
    let desk = TestServer::start().await;
    let superadmin = desk.named("superadmin").await;
    let path = format!("{USERS}{}/", desk.world.superadmin.id);
    for change in [json!({"is_active": false}), json!({"role": "admin"})] {
        let refused = superadmin.patch(&path, &change).await;
        refused.check_problem(409, "last-superadmin");
    }
    let me = superadmin.get("/api/v1/auth/me/").await.check_json(200);
    assert_eq!(
        (&me["role"], &me["is_active"]),
        (&json!("superadmin"), &json!(true))
    );
}

/// contract: users.own-password
#[tokio::test]
async fn an_own_password_is_not_set_by_a_patch() {
    let desk = TestServer::start().await;
    for name in ["superadmin", "admin", "client"] {
        let person = desk.named(name).await;
        let id = person.get("/api/v1/auth/me/").await.check_json(200)["id"].clone();
        let change = json!({"password": "another good password"});
        let refused = person.patch(&format!("{USERS}{id}/"), &change).await;
        refused.check_problem(403, "forbidden");
        person.get("/api/v1/auth/me/").await.check_json(200);
    }
    let login = json!({"username": "superadmin", "password": PASSWORD});
    let entered = desk.anonymous().post("/api/v1/auth/login/", &login).await;
    entered.check_json(200);
}

async fn get(client: &Client<'_>, path: &str) -> Value {
    client.get(path).await.check_json(200)
}

/// contract: tickets.assignee, perm.role-change
#[tokio::test]
async fn a_former_editor_leaves_open_tickets_with_a_line_of_history() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let editor = desk.world.editor.id.get();
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let new = json!({"title": "Help", "description": ""});
        let ticket = client.post(TICKETS, &new).await.check_json(201);
        let path = format!("{TICKETS}{}/", ticket["id"]);
        let assign = json!({"assigned_to": editor});
        admin.patch(&path, &assign).await.check_json(200);
        tickets.push(path);
    }
    let close = json!({"status": "closed"});
    admin.patch(&tickets[1], &close).await.check_json(200);
    let leaves = json!({"role": "client"});
    let person = format!("{USERS}{editor}/");
    admin.patch(&person, &leaves).await.check_json(200);

    let open = get(&admin, &tickets[0]).await;
    assert_eq!(open["assigned_to"], Value::Null);
    let history = get(&admin, &format!("{}history/", tickets[0])).await;
    let line = history.as_array().unwrap().last().unwrap();
    assert_eq!(line["action"], "ticket.assigned");
    assert_eq!(line["actor"]["username"], "admin");
    assert_eq!(
        line["from"],
        json!({"id": editor, "username": "editor", "display_name": "editor", "role": "client"})
    );
    assert_eq!(line["to"], Value::Null);
    assert_eq!(get(&admin, &tickets[1]).await["assigned_to"]["id"], editor);
    let reopen = json!({"status": "open"});
    let reopened = admin.patch(&tickets[1], &reopen).await.check_json(200);
    assert_eq!(reopened["assigned_to"], Value::Null);
}

/// contract: threads.take-part
#[tokio::test]
async fn a_replaced_writer_is_shown_neither_as_participant_nor_as_recipient() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let bundle = format!(
        "/api/v1/class-management/class-bundles/{}",
        desk.world.bundle
    );
    let (writer, other) = (desk.world.writer.id.get(), desk.world.other_writer.id.get());
    let new = json!({"recipient_id": writer});
    let path = format!("{bundle}/create_thread/");
    let thread = client.post(&path, &new).await.check_json(201);
    let thread = format!("/api/v1/communications/threads/{}/", thread["id"]);
    let assign = json!({"writer_id": other});
    let path = format!("{bundle}/assign_writer/");
    admin.post(&path, &assign).await.check_json(200);
    let names = |thread: &Value| -> Vec<String> {
        let participants = thread["participants"].as_array().unwrap().iter();
        participants
            .map(|person| person["username"].as_str().unwrap().to_owned())
            .collect()
    };
    for by in [&client, &admin] {
        assert_eq!(names(&get(by, &thread).await), ["client", "other_writer"]);
        let listed = get(by, &format!("{bundle}/threads/")).await;
        assert_eq!(names(&listed[0]), ["client", "other_writer"]);
    }
    let path = format!("{thread}messages/");
    let to = |id: i64| json!({"message": "hi", "recipient_id": id});
    let refused = client.post(&path, &to(writer)).await;
    refused.check_faults(&["recipient_id: not_eligible"]);
    client.post(&path, &to(other)).await.check_json(201);
}
