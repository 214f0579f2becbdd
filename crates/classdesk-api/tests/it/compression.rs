//! Answers in gzip.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::json;

use crate::forms::Form;
use crate::harness::{Answer, Client, TestServer};
use crate::uploads::bundle_path;

/// A GET request with one more header.
async fn get(client: &Client<'_>, path: &str, header: (&str, &str)) -> Answer {
    let (name, value) = header;
    client
        .send(Method::GET, path, |request| request.header(name, value))
        .await
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut bytes = Vec::new();
    GzDecoder::new(&*answer.body)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// A ticket of some length, and its path.
async fn ticket(client: &Client<'_>, length: usize) -> String {
    let body = json!({"title": "a", "description": "a".repeat(length)});
    let created = client.post("/api/v1/tickets/", &body).await.check_json(201);
    format!("/api/v1/tickets/{}/", created["id"])
}

/// contract: conv.compression
#[tokio::test]
async fn answers_over_a_kibibyte_are_compressed_for_clients_that_accept_it() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let (short, long) = (ticket(&client, 10).await, ticket(&client, 20_000).await);
    let plain = client.get(&long).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.header("vary"), "accept-encoding");
    for accepted in ["gzip", "br, gzip;q=0.5", "deflate, GZIP"] {
        let answer = get(&client, &long, ("accept-encoding", accepted)).await;
        assert_eq!(unpacked(&answer), plain.body, "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(answer.body.len() < 1024);
    }
    for refused in ["gzip;q=0", "br", "identity", "gzip;q=0.1, identity", "?"] {
        let answer = get(&client, &long, ("accept-encoding", refused)).await;
        assert_eq!(answer.body, plain.body, "{refused}");
    }
    let answer = get(&client, &short, ("accept-encoding", "gzip")).await;
    assert_eq!(answer.check_json(200)["title"], "a");
    let gzip = |request: reqwest::RequestBuilder| request.header("accept-encoding", "gzip");
    let head = client.send(Method::HEAD, &long, gzip).await;
    assert_eq!(
        (head.status, head.header("content-encoding")),
        (200, "gzip")
    );
    // A large answer comes piece by piece.
    for _ in 0..3 {
        ticket(&client, 20_000).await;
    }
    let list = get(&client, "/api/v1/tickets/", ("accept-encoding", "gzip")).await;
    assert_eq!(unpacked(&list), client.get("/api/v1/tickets/").await.body);
}

/// contract: conv.compression
#[tokio::test]
async fn files_are_never_compressed() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let form = Form::new().file("file", "a.json", &[b' '; 10_000]);
    let bundle = bundle_path(&desk);
    let file = client
        .post_form(&format!("{bundle}upload_file/"), form)
        .await;
    let path = format!("{bundle}files/{}/download/", file.check_json(201)["id"]);
    let answer = get(&client, &path, ("accept-encoding", "gzip")).await;
    assert_eq!(answer.header("content-encoding"), "");
    assert_eq!(answer.body.len(), 10_000);
}

/// contract: conv.compression.tag
#[tokio::test]
async fn each_coding_has_a_strong_tag_of_its_own_that_preconditions_know() {
    let desk = TestServer::start().await;
    let editor = desk.named("editor").await;
    let path = ticket(&desk.named("client").await, 20_000).await;
    let plain = editor.get(&path).await.header("etag").to_owned();
    let answer = get(&editor, &path, ("accept-encoding", "gzip")).await;
    let gzip = answer.header("etag").to_owned();
    assert!(
        plain.starts_with('"') && gzip.starts_with('"') && plain != gzip,
        "{gzip}"
    );
    for known in [&plain, &gzip] {
        for accepted in ["gzip", "identity"] {
            let ask = |request: reqwest::RequestBuilder| {
                request
                    .header("accept-encoding", accepted)
                    .header("if-none-match", known)
            };
            let unchanged = editor.send(Method::GET, &path, ask).await;
            assert_eq!(
                (unchanged.status, unchanged.header("etag")),
                (304, known.as_str())
            );
        }
    }
    let mut tag = gzip;
    for priority in ["high", "low"] {
        let body = json!({ "priority": priority });
        let change = |tag: &str| {
            let tag = tag.to_owned();
            let body = body.clone();
            move |request: reqwest::RequestBuilder| {
                request
                    .header("accept-encoding", "gzip")
                    .header("if-match", tag)
                    .json(&body)
            }
        };
        let changed = editor.send(Method::PATCH, &path, change(&tag)).await;
        assert_eq!(changed.status, 200);
        let late = editor.send(Method::PATCH, &path, change(&tag)).await;
        assert_eq!(late.status, 412);
        tag = changed.header("etag").to_owned();
    }
}
