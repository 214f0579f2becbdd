//! Deleting what is on tickets.

use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Client, TestServer};
use crate::uploads::objects;

const TICKETS: &str = "/api/v1/tickets/";

async fn list(client: &Client<'_>, path: &str) -> Vec<Value> {
    let list = client.get(path).await.check_json(200);
    list.as_array().unwrap().clone()
}

/// Adds a message, and says by which path it is deleted.
async fn say(client: &Client<'_>, ticket: &str, text: &str, is_internal: bool) -> String {
    let body = json!({"message": text, "is_internal": is_internal});
    let said = client.post(&format!("{ticket}messages/"), &body).await;
    format!("{ticket}messages/{}/", said.check_json(201)["id"])
}

/// Attaches a file, and says by which path it is deleted.
async fn attach(client: &Client<'_>, ticket: &str, name: &str, is_internal: bool) -> String {
    let mut form = Form::new();
    if is_internal {
        form = form.text("is_internal", "true");
    }
    let form = form.file("file", name, name.as_bytes());
    let path = format!("{ticket}attachments/");
    let sent = client.post_form(&path, form).await;
    format!("{ticket}attachments/{}/", sent.check_json(201)["id"])
}

async fn open_ticket(client: &Client<'_>) -> String {
    let body = json!({"title": "Help", "description": ""});
    let ticket = client.post(TICKETS, &body).await.check_json(201);
    format!("{TICKETS}{}/", ticket["id"])
}

/// contract: tickets.messages.delete
#[tokio::test]
async fn a_deleted_message_keeps_its_place() {
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let public = say(&client, &ticket, "My password is 12345", false).await;
    let internal = say(&editor, &ticket, "Well", true).await;
    say(&editor, &ticket, "Please change it", false).await;
    let messages = format!("{ticket}messages/");
    let before = (
        list(&editor, &messages).await,
        list(&client, &messages).await,
    );
    let counted = client.get(&ticket).await.check_json(200);
    for path in [&public, &internal] {
        let refused = client.delete(path).await.check_problem(403, "forbidden");
        assert_eq!(refused["reason"], "delete_from_ticket", "{path}");
        let writer = desk.named("writer").await;
        writer.delete(path).await.check_problem(404, "not-found");
        for (name, value) in [("If-Match", "\"1-abc\""), ("If-None-Match", "*")] {
            let conditional = editor.send(reqwest::Method::DELETE, path, |request| {
                request.header(name, value)
            });
            let refused = conditional.await;
            refused.check_problem(412, "precondition-failed");
        }
        editor.delete(path).await.check_no_content();
        editor.delete(path).await.check_problem(404, "not-found");
        client.delete(path).await.check_problem(403, "forbidden");
    }
    let deleted = |message: &Value| {
        let mut message = message.clone();
        message["message"] = json!("");
        message["is_deleted"] = json!(true);
        message
    };
    let (staff, requester) = &before;
    let expected = [deleted(&staff[0]), deleted(&staff[1]), staff[2].clone()];
    assert_eq!(list(&editor, &messages).await, expected);
    let expected = [deleted(&requester[0]), requester[1].clone()];
    assert_eq!(list(&client, &messages).await, expected);
    assert_eq!(client.get(&ticket).await.check_json(200), counted);
    let other = open_ticket(&client).await;
    let third = staff[2]["id"].to_string();
    for path in [
        format!("{other}messages/{third}/"),
        format!("{ticket}messages/999999/"),
        format!("{TICKETS}999999/messages/{third}/"),
    ] {
        editor.delete(&path).await.check_problem(404, "not-found");
    }
    let history = format!("{ticket}history/");
    let deletions = async |who: &Client<'_>| {
        let lines = list(who, &history).await.into_iter();
        let of_deletions = lines.filter(|line| line["action"] == "ticket.message_deleted");
        of_deletions.count()
    };
    assert_eq!(deletions(&editor).await, 2);
    assert_eq!(
        deletions(&client).await,
        1,
        "what is internal leaves no trace"
    );
    let feed = "/api/v1/events/?types=ticket.message_deleted";
    assert_eq!(list(&editor, feed).await.len(), 2);
    assert_eq!(list(&client, feed).await.len(), 1);
}

/// contract: tickets.attachments.delete
#[tokio::test]
async fn a_deleted_attachment_leaves_a_line_of_the_history() {
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let public = attach(&client, &ticket, "passport.png", false).await;
    let internal = attach(&editor, &ticket, "notes.txt", true).await;
    let stays = attach(&client, &ticket, "stays.txt", false).await;
    for path in [&public, &internal] {
        let refused = client.delete(path).await.check_problem(403, "forbidden");
        assert_eq!(refused["reason"], "delete_from_ticket", "{path}");
        let writer = desk.named("writer").await;
        writer.delete(path).await.check_problem(404, "not-found");
        editor.delete(path).await.check_no_content();
        editor.delete(path).await.check_problem(404, "not-found");
        let bytes = editor.get(&format!("{path}download/")).await;
        bytes.check_problem(404, "not-found");
    }
    for who in [&editor, &client] {
        let listed = list(who, &format!("{ticket}attachments/")).await;
        assert_eq!(listed.len(), 1);
        let path = format!("{ticket}attachments/{}/", listed[0]["id"]);
        assert_eq!(path, stays);
        let seen = who.get(&ticket).await.check_json(200);
        assert_eq!(seen["attachments_count"], 1);
    }
    let history = format!("{ticket}history/");
    let deletions = async |who: &Client<'_>| {
        let lines = list(who, &history).await.into_iter();
        let of_deletions = lines.filter(|line| line["action"] == "ticket.attachment_deleted");
        let names = of_deletions.map(|line| (line["from"].clone(), line["to"].clone()));
        names.collect::<Vec<_>>()
    };
    let line = |name: &str| (json!(name), Value::Null);
    assert_eq!(
        deletions(&editor).await,
        [line("passport.png"), line("notes.txt")]
    );
    assert_eq!(deletions(&client).await, [line("passport.png")]);
    assert_eq!(objects(&desk).await, 3);
    desk.classdesk.maintenance.sweep().await.unwrap();
    assert_eq!(objects(&desk).await, 1, "the bytes go");
}
