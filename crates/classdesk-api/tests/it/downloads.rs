//! Downloads: whole files, parts of them, and when not to send them.

use classdesk_domain::blobs::BlobRepository;
use reqwest::Method;

use crate::forms::Form;
use crate::harness::{Answer, Client, TestServer};
use crate::uploads::{bundle_path, upload_path};

const BYTES: &[u8] = b"0123456789";

/// Uploads a file and gives its path.
async fn stored(desk: &TestServer, client: &Client<'_>, name: &str) -> String {
    let form = Form::new().file("file", name, BYTES);
    let file = client.post_form(&upload_path(desk), form).await;
    let id = file.check_json(201)["id"].clone();
    format!("{}files/{id}/download/", bundle_path(desk))
}

async fn fetch(
    client: &Client<'_>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    client
        .send(method, path, |request| {
            headers.iter().fold(request, |request, (name, value)| {
                request.header(*name, *value)
            })
        })
        .await
}

/// contract: conv.downloads.headers
#[tokio::test]
async fn a_download_carries_safe_headers() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = stored(&desk, &client, "Übung \\\"1\\\".html").await;
    let answer = client.get(&path).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, BYTES));
    assert_eq!(answer.header("content-length"), "10");
    assert_eq!(answer.header("accept-ranges"), "bytes");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    );
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"_bung _1_.html\"; \
         filename*=UTF-8''%C3%9Cbung%20%221%22.html",
    );
    assert_eq!(answer.header("etag").len(), 66);
}

/// contract: conv.downloads.http
#[tokio::test]
async fn ranges_give_parts() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = stored(&desk, &client, "a").await;
    let tag = client.get(&path).await.header("etag").to_owned();
    for (range, expected, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=3-5", "345", "bytes 3-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let part = fetch(&client, Method::GET, &path, &[("range", range)]).await;
        assert_eq!(
            (part.status, part.text().as_str()),
            (206, expected),
            "{range}"
        );
        assert_eq!(part.header("content-range"), content_range);
        assert_eq!(part.header("content-length"), expected.len().to_string());
        assert_eq!(part.header("etag"), tag);
        let still = [("range", range), ("if-range", tag.as_str())];
        let part = fetch(&client, Method::GET, &path, &still).await;
        assert_eq!((part.status, part.text().as_str()), (206, expected));
        let changed = [("range", range), ("if-range", "\"other\"")];
        let whole = fetch(&client, Method::GET, &path, &changed).await;
        assert_eq!((whole.status, whole.body.as_slice()), (200, BYTES));
    }
    for range in ["bytes=0-1,3-4", "bytes=5-2", "lines=0-1", "bytes", ""] {
        let whole = fetch(&client, Method::GET, &path, &[("range", range)]).await;
        assert_eq!(
            (whole.status, whole.body.as_slice()),
            (200, BYTES),
            "{range}"
        );
    }
    let none = fetch(&client, Method::GET, &path, &[("range", "bytes=10-")]).await;
    none.check_problem(416, "range-not-satisfiable");
    assert_eq!(none.header("content-range"), "bytes */10");
}

/// contract: conv.downloads.conditional
#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = stored(&desk, &client, "a").await;
    let tag = client.get(&path).await.header("etag").to_owned();
    let list = format!("\"other\", W/{tag}");
    for known in [tag.as_str(), list.as_str(), "*"] {
        for method in [Method::GET, Method::HEAD] {
            let answer = fetch(&client, method, &path, &[("if-none-match", known)]).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (304, ""),
                "{known}"
            );
            assert_eq!(answer.header("etag"), tag);
            assert_eq!(answer.header("cache-control"), "private, no-cache");
        }
    }
    let other = fetch(
        &client,
        Method::GET,
        &path,
        &[("if-none-match", "\"other\"")],
    )
    .await;
    assert_eq!(other.status, 200);
    let other = fetch(&client, Method::GET, &path, &[("if-match", "\"other\"")]).await;
    other.check_problem(412, "precondition-failed");
    let same = fetch(&client, Method::GET, &path, &[("if-match", &tag)]).await;
    assert_eq!(same.status, 200);
}

/// contract: conv.downloads.head
#[tokio::test]
async fn head_tells_what_get_would() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = stored(&desk, &client, "a").await;
    let get = client.get(&path).await;
    let head = fetch(&client, Method::HEAD, &path, &[("range", "bytes=0-1")]).await;
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    for name in [
        "content-length",
        "content-type",
        "etag",
        "accept-ranges",
        "content-disposition",
        "cache-control",
        "content-security-policy",
        "x-content-type-options",
    ] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    // The connection goes on in step.
    assert_eq!(client.get(&path).await.body, BYTES);
}

/// contract: conv.downloads.policy, bundles.file, perm.file.see
#[tokio::test]
async fn the_policy_is_asked_anew_each_time() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let path = stored(&desk, &admin, "a").await;
    let tag = client.get(&path).await.header("etag").to_owned();
    let file = path.strip_suffix("download/").unwrap();
    let hide = serde_json::json!({"is_visible_to_client": false});
    assert_eq!(admin.patch(file, &hide).await.status, 200);
    let answer = fetch(&client, Method::GET, &path, &[("if-none-match", &tag)]).await;
    answer.check_problem(404, "not-found");
    assert_eq!(answer.header("etag"), "");
    assert_eq!(admin.get(&path).await.body, BYTES);
    admin.delete(file).await.check_no_content();
    admin.get(&path).await.check_problem(404, "not-found");
}

/// contract: conv.uploads.type
#[tokio::test]
async fn the_type_is_what_the_bytes_look_like() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let form = Form::new().file("file", "notes.txt", png);
    let file = client.post_form(&upload_path(&desk), form).await;
    let file = file.check_json(201);
    assert_eq!(file["content_type"], "image/png");
    let path = format!("{}files/{}/download/", bundle_path(&desk), file["id"]);
    assert_eq!(client.get(&path).await.header("content-type"), "image/png");
}

#[tokio::test]
async fn damaged_bytes_never_arrive_as_whole_ones() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = stored(&desk, &client, "a").await;
    let rows = desk.store.list_blobs(None, 10).await.unwrap();
    for bytes in [&b"0123456780"[..], b"01234"] {
        desk.blobs.damage(rows[0].key.as_str(), bytes);
        let response = client.request(Method::GET, &path).send().await;
        let whole = match response {
            Ok(response) => response.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!whole);
    }
}
