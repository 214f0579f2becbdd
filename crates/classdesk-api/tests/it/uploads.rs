//! Uploads: real bytes in every form that they come in.

use classdesk_domain::blobs::{BlobRepository, BlobState, BlobStore};
use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::forms::{BOUNDARY, Form};
use crate::harness::{Client, PUBLIC_URL, TestServer};

const LIMIT: usize = 100_000;

pub(crate) fn upload_path(desk: &TestServer) -> String {
    format!("{}upload_file/", bundle_path(desk))
}

pub(crate) fn bundle_path(desk: &TestServer) -> String {
    format!(
        "/api/v1/class-management/class-bundles/{}/",
        desk.world.bundle
    )
}

async fn small_desk() -> TestServer {
    TestServer::with(
        |domain| domain.max_upload_bytes = LIMIT as u64,
        |_| {},
        |api| api,
    )
    .await
}

/// Bytes that contain everything that could be taken for a boundary.
pub(crate) fn hostile_bytes(length: usize) -> Vec<u8> {
    let pattern = format!("\r\n--{}\r\n\r\n--\r\r\n-\0\u{fffd}", &BOUNDARY[..10]);
    pattern.bytes().cycle().take(length).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many objects the storage keeps.
pub(crate) async fn objects(desk: &TestServer) -> usize {
    desk.blobs.list().count().await
}

/// Checks that no bytes are kept and that no row waits for an owner.
async fn check_nothing_left(desk: &TestServer) {
    assert_eq!(objects(desk).await, 0);
    let rows = desk.store.list_blobs(None, 100).await.unwrap();
    assert!(
        rows.iter().all(|row| row.state == BlobState::Deleted),
        "{rows:?}"
    );
}

async fn check_no_files(client: &Client<'_>, desk: &TestServer) {
    let files = client.get(&format!("{}files/", bundle_path(desk))).await;
    assert_eq!(files.check_json(200), json!([]));
}

/// contract: bundles.upload-file, bundles.files, bundles.file-download, slash
#[tokio::test]
async fn a_file_comes_back_as_it_went() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let bytes = hostile_bytes(LIMIT - 1);
    let form = Form::new()
        .file("file", "Übung 1.pdf", &bytes)
        .text("description", "  The first exercise ");
    let answer = client.post_form(&upload_path(&desk), form).await;
    let file = answer.check_json(201);
    let id = &file["id"];
    let url = format!("{}files/{id}/download/", bundle_path(&desk));
    let expected = json!({
        "id": id,
        "file_name": "Übung 1.pdf",
        "file_size": bytes.len(),
        "content_type": file["content_type"],
        "sha256": hex(&Sha256::digest(&bytes)),
        "uploaded_by": {
            "id": desk.world.client.id.get(), "username": "client",
            "display_name": file["uploaded_by"]["display_name"], "role": "client",
        },
        "uploaded_at": file["uploaded_at"],
        "file_url": format!("{PUBLIC_URL}{url}"),
        "description": "The first exercise",
        "is_visible_to_client": true,
        "is_visible_to_writer": true,
        "version": 1,
    });
    assert_eq!(file, expected);
    let download = client.get(&url).await;
    assert_eq!((download.status, download.body == bytes), (200, true));
    let bare = client.get(url.trim_end_matches('/')).await;
    assert_eq!((bare.status, bare.body == bytes), (200, true));
    let one = client
        .get(&format!("{}files/{id}/", bundle_path(&desk)))
        .await;
    assert_eq!(one.check_json(200), expected);
    let list = client.get(&format!("{}files/", bundle_path(&desk))).await;
    assert_eq!(list.check_json(200), json!([expected]));
}

/// contract: conv.uploads.order
#[tokio::test]
async fn parts_come_in_any_order() {
    let desk = small_desk().await;
    let admin = desk.named("admin").await;
    type Step = fn(Form) -> Form;
    let parts: [Step; 3] = [
        |form| form.file("file", "a.txt", b"some bytes"),
        |form| form.text("description", "words"),
        |form| form.text("is_visible_to_client", "False"),
    ];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let form = order.iter().fold(Form::new(), |form, i| parts[*i](form));
        let answer = admin.post_form(&upload_path(&desk), form).await;
        let file = answer.check_json(201);
        assert_eq!(file["description"], "words", "{order:?}");
        assert_eq!(file["is_visible_to_client"], false, "{order:?}");
        assert_eq!(file["is_visible_to_writer"], true, "{order:?}");
        assert_eq!(file["file_size"], 10, "{order:?}");
    }
}

/// contract: conv.uploads.limit
#[tokio::test]
async fn a_file_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let at_limit = Form::new().file("file", "a", &vec![7; LIMIT]);
    let answer = client.post_form(&upload_path(&desk), at_limit).await;
    assert_eq!(answer.check_json(201)["file_size"], LIMIT);
    let stored = objects(&desk).await;
    let beyond = Form::new()
        .text("description", "words")
        .file("file", "a", &vec![7; LIMIT + 1]);
    let answer = client.post_form(&upload_path(&desk), beyond).await;
    answer.check_problem(413, "too-large");
    assert_eq!(objects(&desk).await, stored);
}

/// contract: conv.uploads.limit, conv.errors.413
#[tokio::test]
async fn too_large_an_upload_is_refused_before_it_has_all_come() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let token = client.token().to_owned();
    let mut socket = desk.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        upload_path(&desk)
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let form = Form::new().file("file", "a", &vec![7; LIMIT * 2]).open();
    let chunk = format!("{:x}\r\n", form.len());
    socket.write_all(chunk.as_bytes()).await.unwrap();
    socket.write_all(&form).await.unwrap();
    // The body has not ended, and the answer is there.
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    desk.eventually(async || {
        desk.store
            .list_blobs(None, 100)
            .await
            .unwrap()
            .iter()
            .all(|row| row.state == BlobState::Deleted)
    })
    .await;
    check_nothing_left(&desk).await;
}

/// contract: conv.uploads.limit
#[tokio::test]
async fn an_announced_length_beyond_every_limit_is_refused_at_once() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let token = client.token().to_owned();
    let mut socket = desk.connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
         Content-Length: 99999999999\r\n\r\n",
        upload_path(&desk)
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

/// contract: conv.uploads.gone
#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let token = client.token().to_owned();
    let form = Form::new().file("file", "a", &vec![7; 50_000]).body();
    for sent in [0, 20, 100, 40_000, form.len() - 30] {
        let mut socket = desk.connect().await;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
             Content-Length: {}\r\n\r\n",
            upload_path(&desk),
            form.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&form[..sent]).await.unwrap();
        drop(socket);
    }
    let answer = client.get("/api/v1/tickets/").await;
    assert_eq!(answer.status, 200);
    check_no_files(&client, &desk).await;
    assert_eq!(objects(&desk).await, 0);
}

/// contract: conv.errors.validation, conv.unknown-fields
#[tokio::test]
async fn faulty_fields_are_told_together_and_the_file_is_given_up() {
    let desk = small_desk().await;
    let admin = desk.named("admin").await;
    let form = Form::new()
        .text("descripton", "a typo")
        .file("file", "a", b"bytes")
        .text("is_visible_to_client", "maybe")
        .text("is_visible_to_writer", "true")
        .text("is_visible_to_writer", "false")
        .text("description", &"x".repeat(20_001));
    let answer = admin.post_form(&upload_path(&desk), form).await;
    answer.check_faults(&[
        "descripton: unknown_field",
        "is_visible_to_client: wrong_type",
        "is_visible_to_writer: repeated",
        "description: too_long",
    ]);
    check_no_files(&admin, &desk).await;
    let rows = desk.store.list_blobs(None, 100).await.unwrap();
    assert!(rows.iter().all(|row| row.state == BlobState::Deleted));
}

/// contract: conv.uploads.refused
#[tokio::test]
async fn forms_without_a_good_file_are_refused() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let path = upload_path(&desk);
    let cases = [
        (Form::new(), vec!["file: required"]),
        (Form::new().text("description", "x"), vec!["file: required"]),
        (Form::new().file("file", "a", b""), vec!["file: empty_file"]),
        (
            Form::new().file("other", "a", b"x").text("n", "1"),
            vec!["file: required", "other: unknown_field", "n: unknown_field"],
        ),
        (
            Form::new().file("file", "a", b"x").file("file", "b", b"y"),
            vec!["file: repeated"],
        ),
        (
            Form::new()
                .text("description", "a\0b")
                .file("file", "a", b""),
            vec!["description: nul_character", "file: empty_file"],
        ),
    ];
    for (form, faults) in cases {
        let answer = client.post_form(&path, form).await;
        answer.check_faults(&faults);
    }
    check_no_files(&client, &desk).await;
}

#[tokio::test]
async fn broken_forms_are_refused() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let path = upload_path(&desk);
    let header = |lines: &str| format!("--{BOUNDARY}\r\n{lines}\r\n\r\nx\r\n");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "body: broken_multipart"),
        (b"nonsense".to_vec(), "body: broken_multipart"),
        (b"--other\r\n\r\n".to_vec(), "body: broken_multipart"),
        (
            Form::new().file("file", "a", b"half").open(),
            "file: broken_multipart",
        ),
        (
            Form::new().text("description", "half").open(),
            "description: broken_multipart",
        ),
        (
            Form::new().raw(header("X-Header: 1").as_bytes()).body(),
            "body: broken_multipart",
        ),
        (
            Form::new()
                .raw(header("Content-Disposition: form-data").as_bytes())
                .body(),
            "body: broken_multipart",
        ),
        (
            Form::new().raw(header("no colon here").as_bytes()).body(),
            "body: broken_multipart",
        ),
        (
            Form::new()
                .raw(header(&format!("X-Long: {}", "x".repeat(70_000))).as_bytes())
                .body(),
            "body: broken_multipart",
        ),
        (
            Form::new()
                .part("form-data; name=\"description\"", b"\xff\xfe")
                .file("file", "a", b"x")
                .body(),
            "description: wrong_type",
        ),
    ];
    for (body, fault) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = client.post_bytes(&path, body).await;
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        answer.check_faults(&[fault]);
    }
    check_no_files(&client, &desk).await;
    let rows = desk.store.list_blobs(None, 100).await.unwrap();
    assert!(rows.iter().all(|row| row.state == BlobState::Deleted));
}

#[tokio::test]
async fn forms_beyond_all_bounds_are_cut_off() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let path = upload_path(&desk);
    let endless = (0..100_000).fold(Form::new(), |form, _| form.text("x", ""));
    let answer = client.post_form(&path, endless).await;
    answer.check_problem(413, "too-large");
    let many = (0..1_000).fold(Form::new(), |form, _| form.text("description", ""));
    let answer = client.post_form(&path, many).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let fault = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .any(|error| error["code"] == "too_many_parts");
    assert!(fault);
    let long_text = Form::new().text("description", &"x".repeat(400_000));
    let answer = client.post_form(&path, long_text).await;
    assert!([400, 413].contains(&answer.status), "{}", answer.text());
    let long_preamble = Form::new().raw(&b"x\r\n".repeat(300_000));
    let answer = client.post_form(&path, long_preamble).await;
    answer.check_problem(413, "too-large");
    check_no_files(&client, &desk).await;
}

/// contract: conv.errors.415
#[tokio::test]
async fn other_media_types_are_415() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    for media in [
        None,
        Some("application/json"),
        Some("multipart/form-data"),
        Some("multipart/form-data; boundary="),
        Some("multipart/mixed; boundary=x"),
        Some("text/plain"),
        Some("nonsense"),
    ] {
        let answer = client
            .send(Method::POST, &upload_path(&desk), |request| {
                let request = match media {
                    Some(media) => request.header("content-type", media),
                    None => request,
                };
                request.body(Form::new().file("file", "a", b"x").body())
            })
            .await;
        answer.check_problem(415, "unsupported-media-type");
    }
}

/// contract: perm.file.upload, perm.hidden, conv.rights-first
#[tokio::test]
async fn rights_come_before_the_body() {
    let desk = small_desk().await;
    let stranger = desk.named("other_client").await;
    let hidden = stranger
        .post_bytes(&upload_path(&desk), b"nonsense".to_vec())
        .await;
    hidden.check_problem(404, "not-found");
    let missing = "/api/v1/class-management/class-bundles/999/upload_file/";
    let missing = stranger.post_bytes(missing, b"nonsense".to_vec()).await;
    assert_eq!(hidden.without_request_id(), missing.without_request_id());
    let nobody = desk
        .anonymous()
        .post_bytes(&upload_path(&desk), b"x".to_vec())
        .await;
    nobody.check_problem(401, "unauthenticated");
    check_nothing_left(&desk).await;
}

/// contract: perm.file.visibility, bundles.upload-file, bundles.upload-file.flags
#[tokio::test]
async fn flags_are_for_staff() {
    let desk = small_desk().await;
    for name in ["client", "writer"] {
        let party = desk.named(name).await;
        let form = Form::new()
            .file("file", "a", b"x")
            .text("is_visible_to_writer", "true");
        let answer = party.post_form(&upload_path(&desk), form).await;
        answer.check_problem(403, "forbidden");
    }
    let rows = desk.store.list_blobs(None, 100).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.state == BlobState::Deleted));
}

/// contract: conv.uploads.name
#[tokio::test]
async fn hostile_names_become_harmless() {
    let desk = small_desk().await;
    let client = desk.named("client").await;
    let long = format!("{}.pdf", "ü".repeat(300));
    let cases: [(&str, Value); 7] = [
        (
            "form-data; name=\"file\"; filename=\"../../etc/passwd\"",
            json!("passwd"),
        ),
        (
            "form-data; name=\"file\"; filename=\"C:\\\\work\\\\a.txt\"",
            json!("a.txt"),
        ),
        (
            "form-data; name=\"file\"; filename=\"a\u{202e}txt.exe\"",
            json!("atxt.exe"),
        ),
        (
            "form-data; name=\"file\"; filename=\"U\u{308}bung.pdf\"",
            json!("Übung.pdf"),
        ),
        ("form-data; name=\"file\"", json!("file")),
        ("form-data; name=\"file\"; filename=\"..\"", json!("file")),
        (
            "form-data; name=\"file\"; filename=\"a.txt\"; filename*=UTF-8''%C3%BC.txt",
            json!("ü.txt"),
        ),
    ];
    for (disposition, expected) in cases {
        let form = Form::new().part(disposition, b"bytes");
        let answer = client.post_form(&upload_path(&desk), form).await;
        assert_eq!(
            answer.check_json(201)["file_name"],
            expected,
            "{disposition}"
        );
    }
    let form = Form::new().file("file", &long, b"bytes");
    let file = client
        .post_form(&upload_path(&desk), form)
        .await
        .check_json(201);
    let name = file["file_name"].as_str().unwrap();
    assert!(name.len() <= 255 && name.ends_with("ü.pdf"), "{name}");
}
