//! How requests are read: media types, queries, ids, and how much of a body.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::conventions::{get_with, guarded_desk};
use crate::forms::{BOUNDARY, Form};
use crate::harness::{Answer, Client, PASSWORD, TestServer};
use crate::uploads::{bundle_path, upload_path};

const LOGIN: &str = "/api/v1/auth/login/";
const TICKETS: &str = "/api/v1/tickets/";

async fn post(client: &Client<'_>, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    client
        .send(Method::POST, path, |request| {
            let headers = headers.iter();
            let request = headers.fold(request, |request, (name, value)| {
                request.header(*name, *value)
            });
            request.body(body.to_vec())
        })
        .await
}

fn login() -> Vec<u8> {
    json!({"username": "client", "password": PASSWORD})
        .to_string()
        .into_bytes()
}

/// contract: conv.requests.media
#[tokio::test]
async fn media_types_are_read_as_rfc_9110_writes_them() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let ticket = br#"{"title": "T", "description": "D"}"#;
    for media in [
        "application/json ; charset=utf-8",
        "application/json;charset=\"utf-8\"",
        "APPLICATION/JSON;\tCharset=UTF8",
        "application/json; ;charset=utf-8;",
        "application/json; charset=unicode-1-1-utf-8; profile=\"a;b\\\"c\"",
    ] {
        let media = [("content-type", media)];
        post(&desk.anonymous(), LOGIN, &media, &login())
            .await
            .check_json(200);
        post(&client, TICKETS, &media, ticket).await.check_json(201);
    }
    for media in [
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/json; charset=\"utf-8",
        "application/json, application/json",
        "application/json; charset=utf-8 charset=utf-8",
    ] {
        let answer = post(&client, TICKETS, &[("content-type", media)], ticket).await;
        answer.check_problem(415, "unsupported-media-type");
    }
    for (media, line) in [
        ("multipart/form-data ; boundary=b", "--b"),
        ("Multipart/Form-Data;BOUNDARY=\"b\" ; charset=utf-8", "--b"),
        (
            "multipart/form-data; boundary=--===16264===",
            "----===16264===",
        ),
        ("multipart/form-data; boundary=\"a b?(c)\"", "--a b?(c)"),
        ("multipart/form-data; boundary=a/b:c", "--a/b:c"),
    ] {
        let form = format!(
            "{line}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n{line}--\r\n"
        );
        let media = [("content-type", media)];
        let answer = post(&client, &upload_path(&desk), &media, form.as_bytes()).await;
        answer.check_json(201);
    }
}

/// contract: conv.requests.media
#[tokio::test]
async fn a_byte_order_mark_before_json_is_skipped() {
    let desk = TestServer::start().await;
    let media = [("content-type", "application/json")];
    let marked = [b"\xef\xbb\xbf".as_slice(), &login()].concat();
    post(&desk.anonymous(), LOGIN, &media, &marked)
        .await
        .check_json(200);
}

/// contract: conv.requests.coding, conv.errors.415
#[tokio::test]
async fn a_body_with_a_content_encoding_is_415() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let json = br#"{"title": "T", "description": "D"}"#;
    let form = Form::new().file("file", "a", b"x").body();
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let upload = upload_path(&desk);
    for (path, media, body) in [
        (TICKETS, "application/json", json.as_slice()),
        (&upload, &multipart, &form),
    ] {
        for coding in ["gzip", "x-gzip", "br", "identity, gzip", "zstd"] {
            let headers = [("content-type", media), ("content-encoding", coding)];
            let answer = post(&client, path, &headers, body).await;
            answer.check_problem(415, "unsupported-media-type");
            assert_eq!(answer.header("accept-encoding"), "identity", "{coding}");
        }
        for coding in ["identity", "Identity", "identity , identity"] {
            let headers = [("content-type", media), ("content-encoding", coding)];
            post(&client, path, &headers, body).await.check_json(201);
        }
    }
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let answer = post(&desk.anonymous(), LOGIN, &headers, &login()).await;
    answer.check_problem(415, "unsupported-media-type");
}

/// contract: conv.errors.bounded
#[tokio::test]
async fn fifty_errors_are_listed_and_the_others_counted() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let unknown = |count: usize| {
        let names = (0..count).map(|number| (format!("x{number}"), Value::Null));
        Value::Object(names.collect())
    };
    let answer = client.post(TICKETS, &unknown(48)).await;
    let problem = answer.check_problem(400, "validation");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 50);
    assert_eq!(problem.get("errors_omitted"), None);
    for (count, omitted) in [(60, 12), (2_000, 1_953)] {
        let answer = client.post(TICKETS, &unknown(count)).await;
        let problem = answer.check_problem(400, "validation");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 50);
        assert_eq!(problem["errors_omitted"], omitted, "{problem}");
        assert!(answer.body.len() < 10_000);
    }
    let many = format!("{TICKETS}?{}", "a&b&c&".repeat(100));
    let unknown = ["a: unknown_field", "b: unknown_field", "c: unknown_field"];
    client.get(&many).await.check_faults(&unknown);
}

/// contract: conv.limits.login
#[tokio::test]
async fn a_login_body_beyond_4_kib_is_413() {
    let desk = TestServer::start().await;
    let media = [("content-type", "application/json")];
    let padded = |length: usize| {
        let mut body = login();
        body.resize(length, b' ');
        body
    };
    let anonymous = desk.anonymous();
    post(&anonymous, LOGIN, &media, &padded(4096))
        .await
        .check_json(200);
    let refused = post(&anonymous, LOGIN, &media, &padded(4097)).await;
    refused.check_problem(413, "too-large");
}

/// contract: conv.unknown-fields, conv.rights-first
#[tokio::test]
async fn unknown_parameters_are_refused_everywhere() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let stranger = desk.named("other_client").await;
    let bundle = bundle_path(&desk);
    let thread = json!({"recipient_id": desk.world.writer.id.get(), "initial_message": "hi"});
    let thread = client
        .post(&format!("{bundle}create_thread/"), &thread)
        .await
        .check_json(201);
    let message = thread["last_message"]["id"].clone();
    let thread = format!("/api/v1/communications/threads/{}/", thread["id"]);
    let message = format!("/api/v1/communications/messages/{message}/");
    let form = Form::new().file("file", "a", b"x");
    let file = client
        .post_form(&upload_path(&desk), form.clone())
        .await
        .check_json(201);
    let file = format!("{bundle}files/{}/", file["id"]);
    let unknown = &["x: unknown_field"];
    let with_x = |path: &str| format!("{path}?x=1");

    for path in [&bundle, &thread, &file, &format!("{file}download/")] {
        client.get(&with_x(path)).await.check_faults(unknown);
        stranger
            .get(&with_x(path))
            .await
            .check_problem(404, "not-found");
    }
    client
        .get("/api/v1/auth/me/?x=1")
        .await
        .check_faults(unknown);
    client
        .get(&with_x(&format!("{bundle}members/")))
        .await
        .check_faults(unknown);

    let ticket = json!({"title": "T", "description": "D"});
    client
        .post(&with_x(TICKETS), &ticket)
        .await
        .check_faults(unknown);
    let both = client.post(&with_x(TICKETS), &json!({"title": "T"})).await;
    both.check_faults(&["description: required", "x: unknown_field"]);
    let login = json!({"username": "client", "password": PASSWORD});
    desk.anonymous()
        .post(&with_x(LOGIN), &login)
        .await
        .check_faults(unknown);
    admin
        .patch(&with_x(&bundle), &json!({"title": "T"}))
        .await
        .check_faults(unknown);
    client
        .post_form(&with_x(&upload_path(&desk)), form)
        .await
        .check_faults(unknown);
    client
        .post(&with_x(&format!("{thread}read/")), &Value::Null)
        .await
        .check_faults(unknown);
    let nothing = client
        .send(Method::POST, &with_x(&format!("{thread}read/")), |it| it)
        .await;
    nothing.check_faults(unknown);

    for path in [&message, &file] {
        stranger
            .delete(&with_x(path))
            .await
            .check_problem(404, "not-found");
        client.delete(&with_x(path)).await.check_faults(unknown);
        client.delete(path).await.check_no_content();
    }
    client
        .send(Method::POST, "/api/v1/auth/logout/?x=1", |it| it)
        .await
        .check_faults(unknown);
    client.get("/api/v1/auth/me/").await.check_json(200);
}

/// contract: conv.requests.ids
#[tokio::test]
async fn ids_of_filters_are_read_like_those_of_paths() {
    let desk = TestServer::start().await;
    let (staff, root) = (desk.named("editor").await, desk.named("superadmin").await);
    let threads = "/api/v1/communications/threads/";
    for (client, path) in [
        (&staff, TICKETS),
        (&staff, threads),
        (&root, "/api/v1/audit/"),
    ] {
        client
            .get(&format!("{path}?object_id=-1"))
            .await
            .check_faults(&["object_id: out_of_range"]);
        for odd in ["007", "%2B7", "7.0", "%207", "-0"] {
            let answer = client.get(&format!("{path}?object_id={odd}")).await;
            answer.check_faults(&["object_id: wrong_type"]);
        }
        client
            .get(&format!("{path}?object_id=0"))
            .await
            .check_json(200);
    }
    staff
        .get(&format!("{TICKETS}?assigned_to=0"))
        .await
        .check_faults(&["assigned_to: out_of_range"]);
}

#[tokio::test]
async fn a_poller_begins_after_message_0() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let thread = json!({"recipient_id": desk.world.writer.id.get(), "initial_message": "hi"});
    let path = format!("{}create_thread/", bundle_path(&desk));
    let thread = client.post(&path, &thread).await.check_json(201);
    let messages = format!("/api/v1/communications/threads/{}/messages/", thread["id"]);
    let all = client
        .get(&format!("{messages}?after=0"))
        .await
        .check_json(200);
    assert_eq!(all.as_array().unwrap().len(), 1);
    client
        .get(&format!("{messages}?after=-1"))
        .await
        .check_faults(&["after: out_of_range"]);
}

/// contract: conv.errors.no-such-path
#[tokio::test]
async fn a_path_without_a_route_has_a_type_of_its_own() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for path in [
        "/nowhere/",
        "/api/v1/ticket/",
        "/api/v1/tickets/1/nothing/",
        "/api/v2/tickets/",
    ] {
        client.get(path).await.check_problem(404, "no-such-path");
        desk.anonymous()
            .get(path)
            .await
            .check_problem(404, "no-such-path");
    }
    for path in [
        "/api/v1/tickets/999999/",
        "/api/v1/tickets/none/",
        "/problems/none",
    ] {
        client.get(path).await.check_problem(404, "not-found");
    }
}

/// contract: conv.retries.key
#[tokio::test]
async fn a_key_belongs_to_the_route_however_its_path_is_typed() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let ticket = br#"{"title": "T", "description": "D"}"#;
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let first = post(&client, TICKETS, &headers, ticket)
        .await
        .check_json(201);
    for path in ["/api/v1/%74ickets/", "/api/v1/tickets", "/api/v1/t%69ckets"] {
        let again = post(&client, path, &headers, ticket).await;
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(again.check_json(201)["id"], first["id"], "{path}");
    }
    let messages = |id: &str| format!("/api/v1/tickets/{id}/messages/");
    let id = first["id"].to_string();
    let escaped: String = id.bytes().map(|digit| format!("%{digit:02x}")).collect();
    let body = br#"{"message": "M"}"#;
    let first = post(&client, &messages(&id), &headers, body)
        .await
        .check_json(201);
    let again = post(&client, &messages(&escaped), &headers, body).await;
    assert_eq!(again.check_json(201)["id"], first["id"]);
}

/// contract: conv.request-id
#[tokio::test]
async fn a_request_id_that_could_forge_a_log_line_is_replaced() {
    let desk = TestServer::start().await;
    for odd in [
        "x}: answered status=204",
        "a b",
        "a\"b",
        "a=b",
        "a,b",
        "a/b",
    ] {
        let answer = get_with(&desk, "/healthz/live", "x-request-id", odd).await;
        assert_eq!(answer.header("x-request-id").len(), 32, "{odd}");
    }
}

/// Sends bytes and takes what comes until the server closes.
async fn exchange(desk: &TestServer, bytes: &str) -> String {
    let mut socket = desk.connect().await;
    socket.write_all(bytes.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    socket.read_to_end(&mut answers).await.unwrap();
    String::from_utf8(answers).unwrap()
}

/// actix-http would read the second request as a message of the first sender.
#[tokio::test]
async fn a_form_with_an_upgrade_swallows_no_other_request() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let second = "GET /api/v1/auth/me/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let by_length = "content-length: 5\r\n\r\n--b\r\n";
    let in_chunks = "transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    for (upgrade, body, answered) in [
        ("websocket", by_length, 1),
        ("WebSocket", by_length, 1),
        ("websocket", in_chunks, 2),
        ("h2c", by_length, 2),
    ] {
        let first = format!(
            "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nupgrade: {upgrade}\r\n\
             content-type: multipart/form-data; boundary=b\r\n{body}",
            upload_path(&desk),
            client.token()
        );
        let answers = exchange(&desk, &format!("{first}{second}")).await;
        let (refused, _) = answers.split_once("\r\n\r\n").unwrap();
        assert!(refused.starts_with("HTTP/1.1 400 "), "{answers}");
        assert!(refused.contains("connection: close"), "{answers}");
        assert_eq!(answers.matches("HTTP/1.1").count(), answered, "{answers}");
    }
}

/// Without a body, an upgrade is ignored; no request behind it is taken for its body and answered.
#[tokio::test]
async fn an_upgrade_without_a_body_closes_the_connection_after_its_answer() {
    let desk = TestServer::start().await;
    let requests = "GET /healthz/live HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n\
        GET /healthz/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let answers = exchange(&desk, requests).await;
    assert!(answers.starts_with("HTTP/1.1 200 "), "{answers}");
    assert!(answers.contains("connection: close"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{answers}");
}

/// What comes for two requests that are sent at once, of which the first waits until the second has
/// arrived.
async fn pipelined(methods: [&str; 2]) -> String {
    let (desk, keeper) = guarded_desk(|_| {}).await;
    let [first, second] =
        methods.map(|method| format!("{method} /api/v1/auth/me/ HTTP/1.1\r\nhost: x"));
    let requests = format!("{first}\r\nx-do: wait\r\n\r\n{second}\r\nconnection: close\r\n\r\n");
    let open = async {
        keeper.entered.notified().await;
        keeper.open.notify_one();
    };
    tokio::join!(exchange(&desk, &requests), open).0
}

/// The answer to HEAD must have no body even when the next request is there already: a client
/// would take such a body for the next answer (docs/security.md#pipelined-requests).
#[tokio::test]
async fn an_answer_to_head_has_no_body_when_another_request_follows_at_once() {
    let answers = pipelined(["HEAD", "GET"]).await;
    let (head, rest) = answers.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answers}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("the length of the body").parse().unwrap();
    let (second, body) = rest.split_once("\r\n\r\n").unwrap();
    assert!(second.starts_with("HTTP/1.1 200 "), "{answers}");
    assert_eq!(body.len(), length, "{answers}");
}

/// What a proxy in front has to keep from happening. It happens when both requests arrive at once, which
/// a busy machine may keep them from. When this fails, actix-http has been mended, and docs/security.md
/// says too much.
#[tokio::test]
async fn a_get_with_a_head_behind_it_loses_its_body() {
    for _ in 0..100 {
        let answers = pipelined(["GET", "HEAD"]).await;
        let (_, rest) = answers.split_once("\r\n\r\n").unwrap();
        if rest.starts_with("HTTP/1.1 200 ") {
            return;
        }
    }
    panic!("the body came every time");
}
