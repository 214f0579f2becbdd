//! How forms are read: names of files as clients send them, parts of any shape, and their bounds.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::forms::{BOUNDARY, Form, announce};
use crate::harness::{Client, TestServer};
use crate::uploads::{bundle_path, upload_path};

/// The paths of the three uploads, each with the name of its file part.
async fn uploads(desk: &TestServer, client: &Client<'_>) -> [(String, &'static str); 3] {
    let thread = json!({"recipient_id": desk.world.writer.id.get()});
    let path = format!("{}create_thread/", bundle_path(desk));
    let thread = client.post(&path, &thread).await.check_json(201);
    let ticket = json!({"title": "T", "description": "D"});
    let ticket = client
        .post("/api/v1/tickets/", &ticket)
        .await
        .check_json(201);
    let messages = format!("/api/v1/communications/threads/{}/messages/", thread["id"]);
    let attachments = format!("/api/v1/tickets/{}/attachments/", ticket["id"]);
    [
        (upload_path(desk), "file"),
        (messages, "attachment"),
        (attachments, "file"),
    ]
}

fn name_of(file: &Value) -> &Value {
    match file.get("attachment") {
        Some(attachment) => &attachment["file_name"],
        None => &file["file_name"],
    }
}

fn part(disposition: &[u8], bytes: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: ");
    [head.as_bytes(), disposition, b"\r\n\r\n", bytes, b"\r\n"].concat()
}

/// contract: conv.uploads.name
#[tokio::test]
async fn file_names_are_read_as_clients_send_them() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let names: [(&[u8], &str); 14] = [
        (br#"filename="C:\Users\me\report.txt""#, "report.txt"),
        (br#"filename="C:\\Users\\me\\report.txt""#, "report.txt"),
        (br#"filename="\\server\share\a.txt""#, "a.txt"),
        (br#"filename="..\..\a.txt""#, "a.txt"),
        (br#"filename="report\""#, "report"),
        (br#"filename="a\"b.txt""#, "a\"b.txt"),
        (br#"filename="a%22b.txt""#, "a\"b.txt"),
        (b"filename=a b.txt", "a b.txt"),
        (b"filename=\"\xdcbung \x96 1.txt\"", "Übung – 1.txt"),
        (b"filename=\"\xdc\x5c\xfc.txt\"", "ü.txt"),
        ("filename=\"Übung.txt\"".as_bytes(), "Übung.txt"),
        (
            b"filename=\"plain.pdf\"; filename*=ISO-8859-1''%DCbung.pdf",
            "Übung.pdf",
        ),
        (
            b"filename=\"plain.pdf\"; filename*=x-none''%DCbung.pdf",
            "plain.pdf",
        ),
        (
            b"filename*=UTF-8''%C3%9Cbung.pdf; filename=\"plain.pdf\"",
            "Übung.pdf",
        ),
    ];
    for (path, file) in uploads(&desk, &client).await {
        for (name, expected) in names {
            let disposition = [format!("form-data; name=\"{file}\"; ").as_bytes(), name].concat();
            let form = Form::new().raw(&part(&disposition, b"x"));
            let answer = client.post_form(&path, form).await;
            let shown = String::from_utf8_lossy(name).into_owned();
            assert_eq!(answer.status, 201, "{shown}: {}", answer.text());
            assert_eq!(name_of(&answer.json()), expected, "{path} {shown}");
        }
    }
}

/// contract: conv.uploads.no-choice
#[tokio::test]
async fn a_file_input_that_was_left_empty_is_no_file() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let [bundle, messages, ticket] = uploads(&desk, &client).await;
    for disposition in [
        "filename=\"\"",
        "filename=",
        "filename=\"\"; filename*=UTF-8''",
    ] {
        let nothing = |file: &str| {
            let head = format!(
                "form-data; name=\"{file}\"; {disposition}\r\nContent-Type: application/octet-stream"
            );
            Form::new().raw(&part(head.as_bytes(), b""))
        };
        let form = nothing("attachment").text("message", "hello");
        let sent = client.post_form(&messages.0, form).await.check_json(201);
        assert_eq!(
            (&sent["message"], &sent["attachment"]),
            (&json!("hello"), &Value::Null)
        );
        for (path, file) in [&bundle, &ticket] {
            let answer = client.post_form(path, nothing(file)).await;
            answer.check_faults(&[&format!("{file}: required")]);
        }
        let form = nothing("attachment").text("message", "");
        client
            .post_form(&messages.0, form)
            .await
            .check_faults(&["message: blank"]);
    }
    // What was chosen after all is the file, and one without a name has one.
    let form = Form::new().file("file", "", b"").file("file", "", b"x");
    let file = client.post_form(&bundle.0, form).await.check_json(201);
    assert_eq!(file["file_name"], "file");
    let form = Form::new().file("file", "a.txt", b"");
    client
        .post_form(&bundle.0, form)
        .await
        .check_faults(&["file: empty_file"]);
}

/// contract: conv.uploads.refused
#[tokio::test]
async fn a_part_ends_at_its_boundary_whatever_length_it_announces() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let head = "form-data; name=\"file\"; filename=\"a\"\r\nContent-Length: 2";
    let form = Form::new()
        .raw(&part(head.as_bytes(), b"12345"))
        .text("description", "words");
    let file = client
        .post_form(&upload_path(&desk), form)
        .await
        .check_json(201);
    assert_eq!(
        (&file["file_size"], &file["description"]),
        (&json!(5), &json!("words"))
    );
}

#[tokio::test]
async fn blanks_after_a_boundary_belong_to_it() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let form = format!(
        "a preamble\r\n--{BOUNDARY} \t \r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"a\"\r\n\r\nx\r\n--{BOUNDARY}\t\r\nContent-Disposition: form-data; \
         name=\"description\"\r\n\r\nwords\r\n--{BOUNDARY}--  \r\nan epilogue"
    );
    let answer = client
        .post_bytes(&upload_path(&desk), form.into_bytes())
        .await;
    assert_eq!(answer.check_json(201)["description"], "words");
}

/// As long as in JSON: in characters, however many bytes each takes.
/// contract: conv.limits
#[tokio::test]
async fn a_text_of_a_form_may_be_as_long_as_in_json() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let [_, (messages, _), _] = uploads(&desk, &client).await;
    for text in [
        "\u{1f600}".repeat(10_000),
        format!("\r\n {} ", "a".repeat(10_000)),
    ] {
        let form = Form::new().text("message", &text);
        client.post_form(&messages, form).await.check_json(201);
    }
    for (field, fault) in [
        ("message", 200_000),
        ("message_type", 2_000),
        ("reply_to", 2_000),
    ] {
        let form = Form::new().file("attachment", "a", b"x");
        let form = form.text(field, &"a".repeat(fault.min(120_000)));
        let answer = client.post_form(&messages, form).await;
        answer.check_faults(&[&format!("{field}: too_long")]);
    }
}

/// Nothing of what does not end stays in memory.
/// contract: conv.limits.form
#[tokio::test]
async fn a_form_of_endless_text_is_refused_before_its_end() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let [_, (messages, _), _] = uploads(&desk, &client).await;
    let token = client.token();
    for name in ["message", "unknown", "recipient_id"] {
        let form = Form::new().text(name, &"a".repeat(140_000)).open();
        let mut socket = desk.connect().await;
        let head = format!(
            "POST {messages} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
             Content-Length: 500000\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&form).await.unwrap();
        let mut start = [0; 12];
        socket.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 413", "{name}");
    }
}

/// Beginnings of boundaries, of which the parser makes nothing.
#[tokio::test]
async fn a_file_of_beginnings_of_boundaries_comes_back_as_it_went() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = upload_path(&desk);
    for piece in [
        "\r\n--",
        "\r",
        "\r\n",
        "\r\n--a-boundary-012345678",
        "--a-boundary-0123456789",
    ] {
        let bytes = piece.repeat(300_000 / piece.len()).into_bytes();
        let form = Form::new().file("file", "a", &bytes).body();
        // In chunks that end anywhere.
        let chunks: Vec<Result<_, std::io::Error>> =
            form.chunks(997).map(|chunk| Ok(chunk.to_vec())).collect();
        let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let answer = client
            .send(Method::POST, &path, |request| {
                announce(request).body(stream)
            })
            .await;
        let file = answer.check_json(201);
        let url = format!("{}files/{}/download/", bundle_path(&desk), file["id"]);
        assert!(client.get(&url).await.body == bytes, "{piece:?}");
    }
}
