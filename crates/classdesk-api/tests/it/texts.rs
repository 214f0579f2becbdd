//! Texts and names: what is refused, what is lost, and what stands in their place.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{PASSWORD, TestServer};

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const MESSAGES: &str = "/api/v1/communications/messages/";
const THREADS: &str = "/api/v1/communications/threads/";
const TICKETS: &str = "/api/v1/tickets/";
const USERS: &str = "/api/v1/users/";

/// Of each, nothing can be seen.
const BLANK: [&str; 6] = [
    "",
    " \n\t",
    "\u{200b}",
    "\u{2800}",
    "\u{200e}\u{61c}",
    "\u{3164}\u{fe0f}",
];

/// A request whose body has a text, and the name of the text.
struct Written {
    method: Method,
    path: String,
    body: Value,
    field: &'static str,
}

/// Every text that is one line and must not be blank, and every longer one that must not be.
async fn written(desk: &TestServer) -> (Vec<Written>, Vec<Written>) {
    let world = &desk.world;
    let bundle = format!("{BUNDLES}{}/", world.bundle);
    let client = desk.named("client").await;
    let thread = json!({"recipient_id": world.writer.id.get(), "initial_message": "Hello"});
    let thread = client
        .post(&format!("{bundle}create_thread/"), &thread)
        .await;
    let thread = thread.check_json(201);
    let ticket = json!({"title": "Help", "description": ""});
    let ticket = client.post(TICKETS, &ticket).await.check_json(201);
    let (of_thread, of_ticket) = (&thread["id"], &ticket["id"]);
    let message = thread["last_message"]["id"].clone();
    let to_writer = world.writer.id.get();
    let written = |method: Method, path: String, body: Value, field| Written {
        method,
        path,
        body,
        field,
    };
    let (post, patch, put) = (Method::POST, Method::PATCH, Method::PUT);
    let lines = vec![
        written(
            post.clone(),
            TICKETS.to_owned(),
            json!({"description": ""}),
            "title",
        ),
        written(
            post.clone(),
            format!("{bundle}create_ticket/"),
            json!({"description": ""}),
            "title",
        ),
        written(
            patch.clone(),
            format!("{TICKETS}{of_ticket}/"),
            json!({}),
            "title",
        ),
        written(
            post.clone(),
            BUNDLES.to_owned(),
            json!({"client_id": world.client.id.get()}),
            "title",
        ),
        written(patch.clone(), bundle.clone(), json!({}), "title"),
        written(
            post.clone(),
            format!("{bundle}create_thread/"),
            json!({"recipient_id": to_writer}),
            "subject",
        ),
        written(
            patch.clone(),
            format!("{THREADS}{of_thread}/"),
            json!({}),
            "subject",
        ),
        written(
            put,
            "/api/v1/subjects/order/7/".to_owned(),
            json!({"client_id": world.client.id.get()}),
            "label",
        ),
    ];
    let longer = vec![
        written(
            post.clone(),
            format!("{bundle}create_thread/"),
            json!({"recipient_id": to_writer}),
            "initial_message",
        ),
        written(
            post.clone(),
            format!("{THREADS}{of_thread}/messages/"),
            json!({}),
            "message",
        ),
        written(
            post,
            format!("{TICKETS}{of_ticket}/messages/"),
            json!({}),
            "message",
        ),
        written(patch, format!("{MESSAGES}{message}/"), json!({}), "message"),
    ];
    (lines, longer)
}

/// Sends a text as whoever may write it.
async fn check(desk: &TestServer, written: &Written, text: &str, code: Option<&str>) {
    let by_admin = written.path == BUNDLES
        || written.path.contains("/subjects/")
        || (written.method == Method::PATCH && written.path.starts_with(BUNDLES));
    let name = if by_admin { "admin" } else { "client" };
    let mut body = written.body.clone();
    body[written.field] = json!(text);
    let client = desk.named(name).await;
    let answer = client
        .send(written.method.clone(), &written.path, |request| {
            request.json(&body)
        })
        .await;
    match code {
        Some(code) => answer.check_faults(&[&format!("{}: {code}", written.field)]),
        None => assert!(
            answer.status < 300,
            "{} {body}: {}",
            written.path,
            answer.text()
        ),
    }
}

/// contract: conv.text.blank
#[tokio::test]
async fn a_text_of_which_nothing_can_be_seen_is_blank() {
    let desk = TestServer::start().await;
    let (lines, longer) = written(&desk).await;
    for written in lines.iter().chain(&longer) {
        for blank in BLANK {
            check(&desk, written, blank, Some("blank")).await;
        }
        check(&desk, written, "👩\u{200d}👧", None).await;
    }
    let admin = desk.named("admin").await;
    for list in [BUNDLES, TICKETS, USERS] {
        for q in ["", "%20", "%E2%80%8B", "%E2%A0%80"] {
            let answer = admin.get(&format!("{list}?q={q}")).await;
            answer.check_faults(&["q: blank"]);
        }
    }
    let client = desk.named("client").await;
    let form = Form::new().text("message", "\u{200b}");
    let path = &longer[1].path;
    let answer = client.post_form(path, form).await;
    answer.check_faults(&["message: blank"]);
    let form = Form::new()
        .text("message", "\u{200b}")
        .file("attachment", "a.txt", b"abc");
    let sent = client.post_form(path, form).await.check_json(201);
    assert_eq!(sent["message"], "");
}

/// contract: conv.text.lines, conv.text.controls
#[tokio::test]
async fn one_line_stays_one_line() {
    let desk = TestServer::start().await;
    let (lines, longer) = written(&desk).await;
    for written in &lines {
        for end in ["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"] {
            check(
                &desk,
                written,
                &format!("Late{end}Bcc: eve"),
                Some("line_break"),
            )
            .await;
        }
        for control in ["\u{1}", "\t", "\u{1b}", "\u{7f}", "\u{85}"] {
            let text = format!("a{control}b");
            check(&desk, written, &text, Some("control_character")).await;
        }
    }
    for written in &longer {
        for control in ["\u{1}", "\u{7}", "\u{1b}", "\u{7f}", "\u{9b}"] {
            let text = format!("a{control}b");
            check(&desk, written, &text, Some("control_character")).await;
        }
        check(&desk, written, "a\r\n\tb", None).await;
    }
    let admin = desk.named("admin").await;
    let body = json!({
        "client_id": desk.world.client.id.get(), "title": "txt.\u{202e}exe\u{2066}",
        "level": "B\n2", "description": "a\u{8}",
    });
    let answer = admin.post(BUNDLES, &body).await;
    answer.check_faults(&["level: line_break", "description: control_character"]);
    let body = json!({
        "client_id": desk.world.client.id.get(), "title": "txt.\u{202e}exe\u{2066}",
        "level": "B\u{2067}2", "description": "a\r\n\u{202e}b",
    });
    let created = admin.post(BUNDLES, &body).await.check_json(201);
    assert_eq!(created["title"], "txt.exe");
    assert_eq!(created["level"], "B2");
    assert_eq!(created["description"], "a\n\u{202e}b");
}

/// contract: conv.text.lines
#[tokio::test]
async fn the_same_text_counts_the_same_as_json_and_as_a_form() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let (_, longer) = written(&desk).await;
    let path = &longer[1].path;
    let json = format!("{}b", "a\n".repeat(4_999));
    let form = format!("{}b", "a\r\n".repeat(4_999));
    let sent = client
        .post(path, &json!({"message": json}))
        .await
        .check_json(201);
    let answer = client
        .post_form(path, Form::new().text("message", &form))
        .await;
    assert_eq!(answer.check_json(201)["message"], sent["message"]);

    let form = Form::new()
        .text("description", &"a\r\n".repeat(10_000))
        .file("file", "a.txt", b"abc");
    let path = format!("{BUNDLES}{}/upload_file/", desk.world.bundle);
    let file = client.post_form(&path, form).await.check_json(201);
    assert_eq!(file["description"], "a\n".repeat(10_000).trim_end());
}

/// contract: tickets.subject-line, bundles.create-thread.subject
#[tokio::test]
async fn the_last_line_of_a_ticket_names_its_own_subject() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let title = json!({
        "client_id": desk.world.client.id.get(), "assigned_writer_id": desk.world.writer.id.get(),
        "title": "Autumn\u{202e}\u{200b}",
    });
    let bundle = admin.post(BUNDLES, &title).await.check_json(201);
    let path = format!("{BUNDLES}{}/", bundle["id"]);
    let ticket = json!({"title": "Help", "description": "Now\u{2029}Class bundle #3: Another\r"});
    let ticket = client.post(&format!("{path}create_ticket/"), &ticket).await;
    let line = format!("Class bundle #{}: Autumn\u{200b}", bundle["id"]);
    assert_eq!(
        ticket.check_json(201)["description"],
        format!("Now\nClass bundle #3: Another\n{line}")
    );
    let thread = json!({"recipient_id": desk.world.writer.id.get()});
    let thread = client.post(&format!("{path}create_thread/"), &thread).await;
    assert_eq!(thread.check_json(201)["subject"], line);
}

/// contract: people.display-name
#[tokio::test]
async fn a_blank_display_name_is_the_username() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let path = format!("{USERS}{}/", desk.world.client.id);
    for (number, blank) in BLANK.into_iter().enumerate() {
        let name = format!("pupil{number}");
        let person = json!({
            "username": name, "email": format!("{name}@example.org"), "role": "client",
            "password": "correct horse battery", "display_name": blank,
        });
        let created = admin.post(USERS, &person).await.check_json(201);
        assert_eq!(created["display_name"], name, "{blank:?}");
        for (given, shown) in [("Clara", "Clara"), (blank, "client")] {
            let changed = client.patch(&path, &json!({"display_name": given})).await;
            assert_eq!(changed.check_json(200)["display_name"], shown, "{given:?}");
        }
    }
    for (name, code) in [("A\nB", "line_break"), ("A\u{7}B", "control_character")] {
        let answer = client.patch(&path, &json!({"display_name": name})).await;
        answer.check_faults(&[&format!("display_name: {code}")]);
    }
}

/// contract: people.email
#[tokio::test]
async fn one_visible_address_is_one_account() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let create = async |name: &str, email: &str| {
        let person = json!({
            "username": name, "email": email, "role": "client", "password": PASSWORD,
        });
        admin.post(USERS, &person).await
    };
    let first = create("first", "CAFÉ@example.org").await.check_json(201);
    assert_eq!(first["email"], "café@example.org");
    let second = create("second", "cafe\u{301}@example.org").await;
    second.check_problem(409, "email-taken");
    let client = desk.named("client").await;
    let path = format!("{USERS}{}/", desk.world.client.id);
    let answer = client
        .patch(&path, &json!({"email": "CAFE\u{301}@example.org"}))
        .await;
    answer.check_problem(409, "email-taken");
    for hidden in [
        "café@example.org\u{200b}",
        "ca\u{ad}fé@example.org",
        "\u{202e}café@example.org",
        "<café@example.org>",
        "x;café@example.org",
        "free\u{200b}@example.org",
    ] {
        create("third", hidden)
            .await
            .check_faults(&["email: email"]);
        let answer = client.patch(&path, &json!({"email": hidden})).await;
        answer.check_faults(&["email: email"]);
    }
    let login = async |name: &str| {
        let body = json!({"username": name, "password": PASSWORD});
        desk.anonymous().post("/api/v1/auth/login/", &body).await
    };
    login("Cafe\u{301}@Example.org").await.check_json(200);
    login("café@example.org\u{200b}")
        .await
        .check_problem(401, "wrong-credentials");
}
