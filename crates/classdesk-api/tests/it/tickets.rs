//! Tickets, their messages, files and history.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, Client, PUBLIC_URL, TestServer};
use crate::uploads::{bundle_path, objects};

const TICKETS: &str = "/api/v1/tickets/";

fn path_of(ticket: &Value) -> String {
    format!("{TICKETS}{}/", ticket["id"])
}

async fn create(client: &Client<'_>, title: &str) -> Value {
    let body = json!({"title": title, "description": "words"});
    client.post(TICKETS, &body).await.check_json(201)
}

async fn move_to(client: &Client<'_>, ticket: &Value, status: &str) -> Answer {
    client
        .patch(&path_of(ticket), &json!({"status": status}))
        .await
}

fn column<'v>(list: &'v Value, name: &str) -> Vec<&'v Value> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| &item[name])
        .collect()
}

/// contract: bundles.create-ticket, bundles.tickets, tickets.create
#[tokio::test]
async fn a_ticket_has_the_fields_of_the_contract() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = format!("{}create_ticket/", bundle_path(&desk));
    let body = json!({"title": " The second class ", "description": "It is missing."});
    let answer = client.post(&path, &body).await;
    let ticket = answer.check_json(201);
    assert!(
        answer.header("etag").starts_with("\"1"),
        "{}",
        answer.header("etag")
    );
    let description = ticket["description"].as_str().unwrap();
    let line = format!("It is missing.\nClass bundle #{}: ", desk.world.bundle);
    assert!(description.starts_with(&line), "{description}");
    let me = &ticket["requester"];
    let at = &ticket["created_at"];
    assert_eq!(
        ticket,
        json!({
            "id": ticket["id"], "title": "The second class", "description": description,
            "priority": "medium", "category": "general", "status": "open", "is_escalated": false,
            "content_type": "class_bundle", "object_id": desk.world.bundle.get(),
            "created_by": me, "requester": me, "assigned_to": null, "messages_count": 0,
            "attachments_count": 0, "resolved_at": null, "created_at": at, "updated_at": at,
            "version": 1,
        })
    );
    assert_eq!(me["username"], "client");
    assert_eq!(client.get(&path_of(&ticket)).await.check_json(200), ticket);
    let list = client.get(&format!("{}tickets/", bundle_path(&desk))).await;
    assert_eq!(list.check_json(200), json!([ticket]));
    let bare = create(&client, "a").await;
    assert_eq!(
        (&bare["content_type"], &bare["object_id"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(bare["description"], "words");
}

/// contract: perm.ticket.create, perm.ticket.create-free, perm.requester, tickets.create
/// contract: bundles.create-ticket.on-behalf
#[tokio::test]
async fn who_creates_tickets_and_for_whom() {
    let desk = TestServer::start().await;
    let (admin, writer) = (desk.named("admin").await, desk.named("writer").await);
    let path = format!("{}create_ticket/", bundle_path(&desk));
    writer
        .post(&path, &json!({}))
        .await
        .check_problem(403, "forbidden");
    writer
        .post(TICKETS, &json!({"content_type": "a"}))
        .await
        .check_problem(403, "forbidden");
    let client_id = desk.world.client.id.get();
    let mut body = json!({"title": "a", "description": "", "on_behalf_of": client_id});
    let ticket = admin.post(&path, &body).await.check_json(201);
    assert_eq!(ticket["created_by"]["username"], "admin");
    assert_eq!(ticket["requester"]["username"], "client");
    body["on_behalf_of"] = json!(desk.world.other_client.id.get());
    admin
        .post(&path, &body)
        .await
        .check_faults(&["on_behalf_of: not_eligible"]);
    body["on_behalf_of"] = json!(client_id);
    let client = desk.named("client").await;
    client
        .post(&path, &body)
        .await
        .check_problem(403, "forbidden");
    admin
        .post(TICKETS, &body)
        .await
        .check_faults(&["on_behalf_of: unknown_field"]);
    let on_subject = json!({
        "title": "a", "description": "b", "content_type": "class_bundle",
        "object_id": desk.world.bundle.get(),
    });
    let ticket = client.post(TICKETS, &on_subject).await.check_json(201);
    assert_eq!(ticket["object_id"], desk.world.bundle.get());
    for (body, faults) in [
        (
            json!({"content_type": "class_bundle"}),
            vec!["object_id: required"],
        ),
        (json!({"object_id": 1}), vec!["content_type: required"]),
        (
            json!({"priority": "urgent"}),
            vec!["priority: not_a_choice"],
        ),
        (
            json!({"category": 1, "x": 1}),
            vec!["category: wrong_type", "x: unknown_field"],
        ),
    ] {
        let mut whole = json!({"title": "a", "description": "b"});
        whole
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        client.post(TICKETS, &whole).await.check_faults(&faults);
    }
}

/// contract: tickets.list
#[tokio::test]
async fn tickets_are_found_by_what_they_are() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let other = desk.named("other_client").await;
    let first = create(&client, "The needle in it").await;
    let second = create(&other, "Another").await;
    let urgent = json!({
        "priority": "critical", "category": "payment", "assigned_to": desk.world.editor.id.get(),
        "status": "in_progress",
    });
    admin
        .patch(&path_of(&second), &urgent)
        .await
        .check_json(200);
    let found = async |who: &Client<'_>, query: &str| {
        let answer = who.get(&format!("{TICKETS}?{query}")).await;
        column(&answer.check_json(200), "id")
            .into_iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    let (a, b) = (&first["id"], &second["id"]);
    assert_eq!(found(&admin, "").await, [b.clone(), a.clone()]);
    assert_eq!(found(&client, "").await, std::slice::from_ref(a));
    for (query, expected) in [
        ("status=open", a),
        ("priority=critical", b),
        ("category=payment", b),
        ("q=NEEDLE", a),
    ] {
        assert_eq!(
            found(&admin, query).await,
            std::slice::from_ref(expected),
            "{query}"
        );
    }
    let assigned = format!("assigned_to={}", desk.world.editor.id);
    assert_eq!(found(&admin, &assigned).await, std::slice::from_ref(b));
    let created = format!("created_by={}", desk.world.client.id);
    assert_eq!(found(&admin, &created).await, std::slice::from_ref(a));
    assert!(
        found(&admin, "content_type=class_bundle&object_id=1")
            .await
            .is_empty()
    );
    for query in [
        "status=done",
        "priority=",
        "assigned_to=me",
        "q=",
        "content_type=A",
        "x=1",
    ] {
        let answer = admin.get(&format!("{TICKETS}?{query}")).await;
        answer.check_problem(400, "validation");
    }
}

/// contract: tickets.one, tickets.history, perm.ticket.close
#[tokio::test]
async fn a_ticket_moves_as_the_contract_says() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "a").await;
    move_to(&client, &ticket, "in_progress")
        .await
        .check_problem(403, "forbidden");
    move_to(&client, &ticket, "open")
        .await
        .check_problem(409, "ticket-transition");
    let closed = move_to(&client, &ticket, "closed").await.check_json(200);
    assert!(closed["resolved_at"].is_string());
    move_to(&admin, &ticket, "escalated")
        .await
        .check_problem(409, "ticket-transition");
    let open = move_to(&client, &ticket, "open").await.check_json(200);
    assert_eq!(open["resolved_at"], Value::Null);
    assert_eq!(
        move_to(&admin, &ticket, "escalated").await.check_json(200)["is_escalated"],
        true
    );
    let waits = move_to(&admin, &ticket, "awaiting_response")
        .await
        .check_json(200);
    assert_eq!(
        (&waits["is_escalated"], &waits["version"]),
        (&json!(true), &json!(5))
    );
    let path = format!("{}messages/", path_of(&ticket));
    client
        .post(&path, &json!({"message": "Here it is"}))
        .await
        .check_json(201);
    assert_eq!(client.get(&path_of(&ticket)).await.json()["status"], "open");
    let history = client
        .get(&format!("{}history/", path_of(&ticket)))
        .await
        .check_json(200);
    let moves: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["action"] == "ticket.status_changed")
        .map(|line| line["to"].as_str().unwrap())
        .collect();
    assert_eq!(
        moves,
        ["closed", "open", "escalated", "awaiting_response", "open"]
    );
    let line = &history[1];
    let keys: Vec<_> = line
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys.len(), 6);
    assert!(line["id"].is_i64());
    assert_eq!(
        (&line["from"], &line["actor"]["username"]),
        (&json!("open"), &json!("client"))
    );
    assert!(line["at"].is_string());
}

/// contract: tickets.one, perm.ticket.triage
#[tokio::test]
async fn changes_are_checked_and_for_the_right_people() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "a").await;
    let path = path_of(&ticket);
    for change in [
        json!({"priority": "high"}),
        json!({"category": "other"}),
        json!({"assigned_to": null}),
    ] {
        client
            .patch(&path, &change)
            .await
            .check_problem(403, "forbidden");
    }
    let titled = client
        .patch(&path, &json!({"title": "b"}))
        .await
        .check_json(200);
    assert_eq!(titled["title"], "b");
    let assignee = json!({"assigned_to": desk.world.client.id.get()});
    admin
        .patch(&path, &assignee)
        .await
        .check_faults(&["assigned_to: not_eligible"]);
    let assignee = json!({"assigned_to": desk.world.editor.id.get()});
    let assigned = admin.patch(&path, &assignee).await.check_json(200);
    assert_eq!(assigned["assigned_to"]["username"], "editor");
    let freed = admin
        .patch(&path, &json!({"assigned_to": null}))
        .await
        .check_json(200);
    assert_eq!(freed["assigned_to"], Value::Null);
    let answer = admin
        .patch(&path, &json!({"title": 1, "description": "x"}))
        .await;
    answer.check_faults(&["title: wrong_type", "description: unknown_field"]);
    let stranger = desk.named("other_client").await;
    stranger
        .patch(&path, &json!({"x": 1}))
        .await
        .check_problem(404, "not-found");
}

/// contract: conv.concurrency, conv.concurrency.tag
#[tokio::test]
async fn if_match_holds_a_change_to_a_version() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "a").await;
    let path = path_of(&ticket);
    let tag = client.get(&path).await.header("etag").to_owned();
    let retitle = async |tag: &str, title: &str| {
        let body = json!({"title": title});
        admin
            .send(Method::PATCH, &path, |request| {
                request.header("if-match", tag).json(&body)
            })
            .await
    };
    let changed = retitle(&tag, "b").await;
    assert_eq!(changed.check_json(200)["version"], 2);
    assert_ne!(changed.header("etag"), tag);
    retitle(&tag, "c")
        .await
        .check_problem(412, "precondition-failed");
    assert_eq!(
        retitle(changed.header("etag"), "c").await.check_json(200)["title"],
        "c"
    );
    assert_eq!(retitle("*", "d").await.check_json(200)["title"], "d");
    retitle("nonsense", "e")
        .await
        .check_problem(400, "invalid-header");
    let tag = client.get(&path).await.header("etag").to_owned();
    let known = client
        .send(Method::GET, &path, |request| {
            request.header("if-none-match", &tag)
        })
        .await;
    assert_eq!((known.status, known.text().as_str()), (304, ""));
}

/// contract: perm.ticket.internal, tickets.attachment-download
#[tokio::test]
async fn what_is_internal_leaves_no_trace_for_the_requester() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "a").await;
    let messages = format!("{}messages/", path_of(&ticket));
    let files = format!("{}attachments/", path_of(&ticket));
    let history = format!("{}history/", path_of(&ticket));
    let before = client.get(&history).await.check_json(200);
    let note = json!({"message": "secret", "is_internal": true});
    let internal = admin.post(&messages, &note).await.check_json(201);
    assert_eq!(
        internal,
        json!({
            "id": internal["id"], "ticket": ticket["id"], "sender": internal["sender"],
            "message": "secret", "is_internal": true, "is_deleted": false,
            "created_at": internal["created_at"],
        })
    );
    let form = Form::new()
        .text("is_internal", "true")
        .file("file", "secret.txt", b"secret");
    let file = admin.post_form(&files, form).await.check_json(201);
    assert_eq!(file["is_internal"], true);
    let download = format!("{files}{}/download/", file["id"]);
    assert_eq!(file["file_url"], format!("{PUBLIC_URL}{download}"));
    assert_eq!(admin.get(&download).await.body, b"secret");
    client.get(&download).await.check_problem(404, "not-found");
    assert_eq!(client.get(&messages).await.check_json(200), json!([]));
    assert_eq!(client.get(&files).await.check_json(200), json!([]));
    assert_eq!(client.get(&history).await.check_json(200), before);
    let seen = client.get(&path_of(&ticket)).await.check_json(200);
    assert_eq!(
        (&seen["messages_count"], &seen["attachments_count"]),
        (&json!(0), &json!(0))
    );
    let theirs = admin.get(&path_of(&ticket)).await.check_json(200);
    assert_eq!(
        (&theirs["messages_count"], &theirs["attachments_count"]),
        (&json!(1), &json!(1))
    );
    client
        .post(&messages, &note)
        .await
        .check_problem(403, "forbidden");
    let stored = objects(&desk).await;
    let form = Form::new()
        .file("file", "a", b"x")
        .text("is_internal", "true");
    client
        .post_form(&files, form)
        .await
        .check_problem(403, "forbidden");
    assert!(objects(&desk).await <= stored + 1);
    let form = Form::new()
        .file("file", "a", b"x")
        .text("is_internal", "yes");
    admin
        .post_form(&files, form)
        .await
        .check_faults(&["is_internal: wrong_type"]);
    let form = Form::new().text("is_internal", "false");
    admin
        .post_form(&files, form)
        .await
        .check_faults(&["file: required"]);
    client
        .post(&messages, &json!({"message": ""}))
        .await
        .check_faults(&["message: blank"]);
}

/// contract: tickets.messages, tickets.attachments, perm.ticket.write
#[tokio::test]
async fn lists_of_a_ticket_are_paged_in_order() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let ticket = create(&client, "a").await;
    for name in ["messages", "attachments"] {
        let path = format!("{}{name}/", path_of(&ticket));
        let mut ids = Vec::new();
        for i in 0..5 {
            let answer = if name == "messages" {
                client.post(&path, &json!({"message": i.to_string()})).await
            } else {
                let form = Form::new().file("file", "a", b"x");
                client.post_form(&path, form).await
            };
            ids.push(answer.check_json(201)["id"].clone());
        }
        if name == "attachments" {
            ids.reverse();
        }
        let (mut next, mut seen) = (Some(format!("{path}?limit=2")), Vec::new());
        while let Some(page) = next {
            let answer = client.get(&page).await;
            seen.extend(column(&answer.check_json(200), "id").into_iter().cloned());
            next = answer.next_page();
        }
        assert_eq!(seen, ids, "{name}");
        client
            .get(&format!("{path}?x=1"))
            .await
            .check_faults(&["x: unknown_field"]);
        let stranger = desk.named("other_client").await;
        stranger
            .get(&format!("{path}?x=1"))
            .await
            .check_problem(404, "not-found");
    }
}
