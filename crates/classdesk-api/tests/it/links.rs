//! Links to files, as a browser opens them: without a token.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, Client, PUBLIC_URL, TestServer};
use crate::log_lines;
use crate::uploads::{bundle_path, upload_path};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nbytes of an image";
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// Makes a link to the bytes at a path, and gives it as a path.
async fn link_to(client: &Client<'_>, path: &str, body: &Value) -> String {
    let made = client.post(&format!("{path}link/"), body).await;
    let made = made.check_json(201);
    let url = made["url"].as_str().expect("a URL");
    url.strip_prefix(PUBLIC_URL)
        .expect("below the public URL")
        .to_owned()
}

async fn put_on_bundle(desk: &TestServer, client: &Client<'_>, bytes: &[u8]) -> String {
    let form = Form::new().file("file", "Übung.png", bytes);
    let file = client
        .post_form(&upload_path(desk), form)
        .await
        .check_json(201);
    format!("{}files/{}/download/", bundle_path(desk), file["id"])
}

async fn open(desk: &TestServer, link: &str) -> Answer {
    desk.anonymous().get(link).await
}

async fn open_part(desk: &TestServer, method: Method, link: &str, range: &str) -> Answer {
    let nobody = desk.anonymous();
    nobody
        .send(method, link, |request| request.header("range", range))
        .await
}

/// contract: links.open, links.inline
#[tokio::test]
async fn a_link_opens_without_a_token_whole_in_part_and_as_head() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = put_on_bundle(&desk, &client, PNG).await;
    let link = link_to(&client, &path, &json!({})).await;
    let whole = open(&desk, &link).await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, PNG));
    assert_eq!(whole.header("content-type"), "image/png");
    let disposition = whole.header("content-disposition");
    assert!(disposition.starts_with("attachment; "), "{disposition}");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    let tag = whole.header("etag").to_owned();
    let part = open_part(&desk, Method::GET, &link, "bytes=1-3").await;
    assert_eq!((part.status, part.text().as_str()), (206, "PNG"));
    let head = open_part(&desk, Method::HEAD, &link, "bytes=1-3").await;
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    assert_eq!(head.header("content-length"), PNG.len().to_string());
    let nobody = desk.anonymous();
    let known = |request: reqwest::RequestBuilder| request.header("if-none-match", &tag);
    assert_eq!(nobody.send(Method::GET, &link, known).await.status, 304);

    let shown = link_to(&client, &path, &json!({"disposition": "inline"})).await;
    let shown = open(&desk, &shown).await;
    assert_eq!((shown.status, shown.body.as_slice()), (200, PNG));
    let disposition = shown.header("content-disposition");
    assert!(
        disposition.starts_with("inline; filename="),
        "{disposition}"
    );
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.ends_with("; sandbox"), "{policy}");
    assert!(!policy.contains("script"), "{policy}");
}

/// contract: links.inline
#[tokio::test]
async fn what_could_run_is_never_shown() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for bytes in [
        SVG,
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"\0\x01\x02",
    ] {
        let path = put_on_bundle(&desk, &client, bytes).await;
        let inline = json!({"disposition": "inline"});
        let refused = client.post(&format!("{path}link/"), &inline).await;
        refused.check_faults(&["disposition: could_run"]);
        let link = link_to(&client, &path, &json!({"disposition": "attachment"})).await;
        assert_eq!(open(&desk, &link).await.body, bytes);
    }
}

#[tokio::test]
async fn a_link_is_asked_for_with_care() {
    let desk = TestServer::start().await;
    let (client, other) = (desk.named("client").await, desk.named("other_client").await);
    let path = put_on_bundle(&desk, &client, PNG).await;
    let path = format!("{path}link/");
    for (body, fault) in [
        (json!({"expires_in": 0}), "expires_in: out_of_range"),
        (json!({"expires_in": 301}), "expires_in: out_of_range"),
        (json!({"expires_in": "60"}), "expires_in: wrong_type"),
        (json!({"disposition": "shown"}), "disposition: not_a_choice"),
        (json!({"forever": true}), "forever: unknown_field"),
    ] {
        client.post(&path, &body).await.check_faults(&[fault]);
        // Rights come first.
        other
            .post(&path, &body)
            .await
            .check_problem(404, "not-found");
    }
    let nobody = desk.anonymous().post(&path, &json!({})).await;
    nobody.check_problem(401, "unauthenticated");
}

/// contract: links.expiry
#[tokio::test]
async fn a_link_ends_after_its_time() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = put_on_bundle(&desk, &client, PNG).await;
    for (body, seconds) in [(json!({}), 60), (json!({"expires_in": 300}), 300)] {
        let made = client
            .post(&format!("{path}link/"), &body)
            .await
            .check_json(201);
        let ends = desk.world.now().plus(Duration::from_secs(seconds));
        assert_eq!(made["expires_at"], ends.to_string());
        let link = made["url"]
            .as_str()
            .unwrap()
            .strip_prefix(PUBLIC_URL)
            .unwrap();
        desk.world.clock.advance(Duration::from_secs(seconds - 1));
        assert_eq!(open(&desk, link).await.status, 200);
        desk.world.clock.advance(Duration::from_secs(1));
        open(&desk, link).await.check_problem(404, "not-found");
    }
}

/// contract: links.forged
#[tokio::test]
async fn a_forged_link_is_not_found_like_any_other() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = put_on_bundle(&desk, &client, PNG).await;
    let other = put_on_bundle(&desk, &client, b"another file").await;
    let link = link_to(&client, &path, &json!({})).await;
    let other = link_to(&client, &other, &json!({})).await;
    let (front, token) = link.split_once("token=").expect("a token");
    let (_, other) = other.split_once("token=").expect("a token");
    // What one says with the signature of the other.
    let swapped = format!("{}{}", &other[..60], &token[60..]);
    let mut forged = token.to_owned();
    forged.replace_range(20..21, if &token[20..21] == "A" { "B" } else { "A" });
    let long = "A".repeat(4_000);
    for bad in ["", "A", "%41", "é", &swapped, &forged, &token[1..], &long] {
        open(&desk, &format!("{front}token={bad}"))
            .await
            .check_problem(404, "not-found");
    }
    for query in ["", "?", "?token", "?link=A", "?a=b&token=A"] {
        let answer = open(&desk, &format!("/api/v1/links/{query}")).await;
        answer.check_problem(404, "not-found");
    }
    assert_eq!(open(&desk, &link).await.status, 200);
}

/// contract: links.rights
#[tokio::test]
async fn a_link_goes_by_the_rights_of_its_person_now() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let writer = desk.named("writer").await;
    let download = put_on_bundle(&desk, &client, PNG).await;
    let file = download.trim_end_matches("download/").to_owned();
    let of_client = link_to(&client, &download, &json!({})).await;
    let of_writer = link_to(&writer, &download, &json!({})).await;
    let of_admin = link_to(&admin, &download, &json!({})).await;
    let opened = async |links: [(&str, u16); 3]| {
        for (link, status) in links {
            assert_eq!(open(&desk, link).await.status, status);
        }
    };
    let all = |client, writer, admin| {
        [
            (&*of_client, client),
            (&*of_writer, writer),
            (&*of_admin, admin),
        ]
    };
    opened(all(200, 200, 200)).await;
    // Hidden, and shown again.
    let hide = json!({"is_visible_to_client": false});
    admin.patch(&file, &hide).await.check_json(200);
    opened(all(404, 200, 200)).await;
    let show = json!({"is_visible_to_client": true});
    admin.patch(&file, &show).await.check_json(200);
    opened(all(200, 200, 200)).await;
    // Another writer takes over.
    let assign = json!({"writer_id": desk.world.other_writer.id.get()});
    let path = format!("{}assign_writer/", bundle_path(&desk));
    admin.post(&path, &assign).await.check_json(200);
    opened(all(200, 404, 200)).await;
    // A person leaves.
    let leaves = json!({"is_active": false});
    let person = format!("/api/v1/users/{}/", desk.world.client.id);
    admin.patch(&person, &leaves).await.check_json(200);
    opened(all(404, 404, 200)).await;
    // A person gets another role.
    let superadmin = desk.named("superadmin").await;
    let person = format!("/api/v1/users/{}/", desk.world.admin.id);
    let role = json!({"role": "client"});
    superadmin.patch(&person, &role).await.check_json(200);
    opened(all(404, 404, 404)).await;
    let of_superadmin = link_to(&superadmin, &download, &json!({})).await;
    assert_eq!(open(&desk, &of_superadmin).await.status, 200);
    superadmin.delete(&file).await.check_no_content();
    open(&desk, &of_superadmin)
        .await
        .check_problem(404, "not-found");
}

/// contract: links.rights
#[tokio::test]
async fn messages_and_tickets_have_links_too() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let open_thread = json!({"recipient_id": desk.world.admin.id.get(), "initial_message": "x"});
    let path = format!("{}create_thread/", bundle_path(&desk));
    let thread = client.post(&path, &open_thread).await.check_json(201);
    let path = format!("/api/v1/communications/threads/{}/messages/", thread["id"]);
    let form = Form::new()
        .file("attachment", "a.png", PNG)
        .text("message", "look");
    let message = client.post_form(&path, form).await.check_json(201);
    let message = format!("/api/v1/communications/messages/{}/", message["id"]);
    let link = link_to(&client, &format!("{message}attachment/"), &json!({})).await;
    assert_eq!(open(&desk, &link).await.body, PNG);
    client.delete(&message).await.check_no_content();
    open(&desk, &link).await.check_problem(404, "not-found");
    let gone = client
        .post(&format!("{message}attachment/link/"), &json!({}))
        .await;
    gone.check_problem(404, "not-found");

    let ticket = json!({"title": "Help", "description": ""});
    let ticket = client
        .post("/api/v1/tickets/", &ticket)
        .await
        .check_json(201);
    let path = format!("/api/v1/tickets/{}/attachments/", ticket["id"]);
    for (is_internal, status) in [("false", 201), ("true", 404)] {
        let form = Form::new()
            .file("file", "a.png", PNG)
            .text("is_internal", is_internal);
        let file = admin.post_form(&path, form).await.check_json(201);
        let download = format!("{path}{}/download/", file["id"]);
        let link = link_to(&admin, &download, &json!({"disposition": "inline"})).await;
        assert_eq!(open(&desk, &link).await.body, PNG);
        let made = client.post(&format!("{download}link/"), &json!({})).await;
        assert_eq!(made.status, status);
    }
}

/// contract: links.log
#[tokio::test]
async fn no_log_line_has_a_link() {
    let lines = log_lines::collect();
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let path = put_on_bundle(&desk, &client, PNG).await;
    let link = link_to(&client, &path, &json!({})).await;
    assert_eq!(open(&desk, &link).await.status, 200);
    let (_, token) = link.split_once("token=").expect("a token");
    let opened = async || !lines.with("path=\"/api/v1/links/\"").is_empty();
    desk.eventually(opened).await;
    assert_eq!(lines.with(&token[..24]), [""; 0]);
}
