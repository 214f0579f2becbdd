//! Requests that nobody should send: each gets a problem document or a closed connection, and the
//! server goes on.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Answer, Client, TestServer};

const USERS: &str = "/api/v1/users/";

async fn post_raw(client: &Client<'_>, media_type: &str, body: Vec<u8>) -> Answer {
    client
        .send(Method::POST, USERS, |request| {
            let request = request.body(body);
            match media_type {
                "" => request,
                media_type => request.header("content-type", media_type),
            }
        })
        .await
}

/// contract: conv.errors.document
#[tokio::test]
async fn whatever_is_no_json_object_is_one_fault_of_the_body() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"{",
        b"}",
        b"{]",
        b"[]",
        b"null",
        b"1",
        b"\"text\"",
        b"{\"username\": }",
        b"{\"username\": 'x'}",
        b"{username: 1}",
        b"{\"a\": 1,}",
        b"{} {}",
        b"{\"a\": NaN}",
        b"{\"a\": Infinity}",
        b"{\"a\": 1e999}",
        b"{\"a\": 01}",
        b"{\"a\": \"\x00\"}",
        b"{\"a\": \"\xff\xfe\"}",
        b"{\"a\": \"\\ud800\"}",
        b"{}\xef\xbb\xbf",
        b"\x00\x00\x00{",
        b"{\"a\": tru}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let answer = post_raw(&admin, "application/json", body.to_vec()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let problem = answer.check_problem(400, "validation");
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{shown}: {problem}");
        assert_eq!(errors[0]["field"], "body", "{shown}");
        assert_eq!(errors[0]["code"], "malformed_json", "{shown}");
        assert!(
            errors[0]["message"].as_str().unwrap().len() < 100,
            "{problem}"
        );
    }
}

/// contract: conv.errors.validation
#[tokio::test]
async fn wrong_types_and_strange_fields_are_named() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let nested = format!("{{\"username\": {}{}}}", "[".repeat(100), "]".repeat(100));
    let rest = ["email: required", "role: required"];
    for (body, fault) in [
        ("{\"username\": null}", "username: wrong_type"),
        ("{\"username\": 1}", "username: wrong_type"),
        ("{\"username\": true}", "username: wrong_type"),
        ("{\"username\": {}}", "username: wrong_type"),
        (nested.as_str(), "username: wrong_type"),
        ("{\"username\": \"a\\u0000bc\"}", "username: nul_character"),
        (
            "{\"username\": \"abc\", \"username\": \"abd\"}",
            "username: repeated",
        ),
    ] {
        let answer = post_raw(&admin, "application/json", body.into()).await;
        answer.check_faults(&[&[fault], rest.as_slice()].concat());
    }
    let bundles = "/api/v1/class-management/class-bundles/";
    for number in [
        "1.5",
        "\"7\"",
        "9223372036854775808",
        "-9223372036854775809",
        "1e300",
    ] {
        let body = format!("{{\"title\": \"T\", \"client_id\": {number}}}");
        let answer = admin
            .send(Method::POST, bundles, |request| {
                request
                    .header("content-type", "application/json")
                    .body(body)
            })
            .await;
        answer.check_faults(&["client_id: wrong_type"]);
    }
    let whole = format!(
        "{{\"title\": \"T\", \"client_id\": {}.0}}",
        desk.world.client.id
    );
    let answer = admin
        .send(Method::POST, bundles, |request| {
            request
                .header("content-type", "application/json")
                .body(whole)
        })
        .await;
    answer.check_json(201);
}

/// contract: conv.errors.status
#[tokio::test]
async fn another_media_type_is_415() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    for media_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "application/jsonx",
        "json",
        "multipart/form-data; boundary=x",
    ] {
        let answer = post_raw(&admin, media_type, b"{}".to_vec()).await;
        answer.check_problem(415, "unsupported-media-type");
    }
    for media_type in ["application/json", "Application/JSON; charset=UTF-8"] {
        let answer = post_raw(&admin, media_type, b"{}".to_vec()).await;
        answer.check_problem(400, "validation");
    }
}

/// contract: conv.limits, conv.errors.status
#[tokio::test]
async fn a_json_body_beyond_256_kib_is_413_announced_or_not() {
    const LIMIT: usize = 256 * 1024;
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let padded = |length: usize| {
        let mut body = b"{}".to_vec();
        body.resize(length, b' ');
        body
    };
    let fits = post_raw(&admin, "application/json", padded(LIMIT)).await;
    fits.check_problem(400, "validation");
    let announced = post_raw(&admin, "application/json", padded(LIMIT + 1)).await;
    announced.check_problem(413, "too-large");
    let pieces: Vec<Result<_, std::io::Error>> = padded(LIMIT + 1)
        .chunks(10_000)
        .map(|piece| Ok(piece.to_vec()))
        .collect();
    let streamed = admin
        .send(Method::POST, USERS, |request| {
            let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
            request
                .header("content-type", "application/json")
                .body(body)
        })
        .await;
    streamed.check_problem(413, "too-large");
}

/// contract: conv.errors.status
#[tokio::test]
async fn absurd_headers_and_addresses_are_refused() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let send = async |path: &str, name: &str, value: String| {
        client
            .send(Method::GET, path, |request| request.header(name, value))
            .await
    };
    let me = "/api/v1/auth/me/";
    let large = send(me, "x-large", "v".repeat(40_000)).await;
    large.check_problem(431, "headers-too-large");
    let long = format!("/api/v1/auth/me/?{}", "q".repeat(9_000));
    send(&long, "x-small", "v".to_owned())
        .await
        .check_problem(414, "uri-too-long");
    let bundle = format!(
        "/api/v1/class-management/class-bundles/{}/",
        desk.world.bundle
    );
    for odd in ["\"", "W/", "\"a\" \"b\"", ",", "*, \"1\""] {
        let admin = desk.named("admin").await;
        let answer = admin
            .send(Method::PATCH, &bundle, |request| {
                request.header("if-match", odd).json(&json!({}))
            })
            .await;
        answer.check_problem(400, "invalid-header");
    }
    let broken_utf8 = client
        .send(Method::GET, me, |request| {
            request.header(
                "x-odd",
                reqwest::header::HeaderValue::from_bytes(b"\xff\xfe").unwrap(),
            )
        })
        .await;
    broken_utf8.check_json(200);
}

/// Sends bytes and reads what comes until the connection is closed.
async fn exchange(desk: &TestServer, bytes: &[u8]) -> String {
    let address = desk.origin.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The server may close before everything is written.
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let reading = socket.read_to_end(&mut answer);
    let ended = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert!(ended.is_ok(), "the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// contract: conv.errors.document
#[tokio::test]
async fn what_is_no_http_closes_the_connection_and_never_the_server() {
    let desk = TestServer::start().await;
    let mut requests: Vec<Vec<u8>> = [
        &b"\x00\x01\x02\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\
            content-type: application/json\r\n\r\nZZ\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
            content-type: application/json\r\n\r\n{\"username\"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let many_headers = (0..500).map(|number| format!("x-{number}: v\r\n"));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", many_headers.collect::<String>());
    requests.push(many.into_bytes());
    requests.push([b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'v'; 2_000_000]].concat());
    for request in requests {
        let answer = exchange(&desk, &request).await;
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{shown}: {answer}"
        );
    }
    desk.anonymous().get("/healthz/live").await.check_json(200);
}

/// With `Upgrade`, actix-web would take the second request for a part of the first one's body.
#[tokio::test]
async fn a_body_with_an_upgrade_swallows_no_other_request() {
    let desk = TestServer::start().await;
    let requests = b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\
        content-type: application/json\r\ncontent-length: 2\r\n\r\n{}\
        GET /healthz/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = exchange(&desk, requests).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

/// contract: conv.errors.document
#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing_behind() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let before = admin.get(USERS).await.check_json(200);
    let head = format!(
        "POST {USERS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"username\": \"half",
        admin.token()
    );
    for _ in 0..20 {
        let address = desk.origin.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        drop(socket);
    }
    assert_eq!(admin.get(USERS).await.check_json(200), before);
}
