//! Nothing that must stay inside ever comes out: markers in every place that is secret or hidden,
//! and a search through every byte that each person receives.

use classdesk_domain::blobs::BlobRepository;
use classdesk_domain::people::{AccessToken, UserRepository};
use reqwest::Method;
use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Answer, Client, TestServer};
use crate::uploads::{bundle_path, upload_path};

/// The ids that are tried on every path; the desk has fewer of each kind.
const IDS: std::ops::RangeInclusive<i64> = 1..=4;

/// Everything below that names at most two objects.
const PATHS: [&str; 25] = [
    "/api/v1/users/",
    "/api/v1/users/{a}/",
    "/api/v1/class-management/class-bundles/",
    "/api/v1/class-management/class-bundles/{a}/",
    "/api/v1/class-management/class-bundles/{a}/members/",
    "/api/v1/class-management/class-bundles/{a}/threads/",
    "/api/v1/class-management/class-bundles/{a}/create_thread/",
    "/api/v1/class-management/class-bundles/{a}/tickets/",
    "/api/v1/class-management/class-bundles/{a}/create_ticket/",
    "/api/v1/class-management/class-bundles/{a}/files/",
    "/api/v1/class-management/class-bundles/{a}/files/{b}/",
    "/api/v1/class-management/class-bundles/{a}/files/{b}/download/",
    "/api/v1/communications/threads/",
    "/api/v1/communications/threads/{a}/",
    "/api/v1/communications/threads/{a}/messages/",
    "/api/v1/communications/threads/{a}/participants/",
    "/api/v1/communications/messages/{a}/",
    "/api/v1/communications/messages/{a}/attachment/",
    "/api/v1/tickets/",
    "/api/v1/tickets/{a}/",
    "/api/v1/tickets/{a}/messages/",
    "/api/v1/tickets/{a}/attachments/",
    "/api/v1/tickets/{a}/attachments/{b}/download/",
    "/api/v1/tickets/{a}/history/",
    "/api/v1/subjects/class_bundle/{a}/",
];

fn paths() -> Vec<String> {
    let mut all = vec!["/api/v1/auth/me/".to_owned(), "/api/v1/audit/".to_owned()];
    for pattern in PATHS {
        for a in IDS {
            let path = pattern.replace("{a}", &a.to_string());
            if path.contains("{b}") {
                all.extend(IDS.map(|b| path.replace("{b}", &b.to_string())));
            } else {
                all.push(path);
            }
            if !pattern.contains("{a}") {
                break;
            }
        }
    }
    all
}

/// A text, and the people who may read it.
struct Marker {
    text: String,
    may_read: &'static [&'static str],
}

fn marker(text: &str, may_read: &'static [&'static str]) -> Marker {
    Marker {
        text: text.to_owned(),
        may_read,
    }
}

const STAFF: &[&str] = &["superadmin", "admin", "editor"];
const ALL_BUT_CLIENTS: &[&str] = &["superadmin", "admin", "editor", "writer"];
const ALL_BUT_WRITERS: &[&str] = &["superadmin", "admin", "editor", "client"];
const PARTIES: &[&str] = &["superadmin", "admin", "editor", "client", "writer"];
const THE_OTHER: &[&str] = &["superadmin", "admin", "editor", "other_client"];

/// Fills the desk, and says who may read what of it.
async fn taint(desk: &TestServer) -> Vec<Marker> {
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let (writer, other) = (desk.named("writer").await, desk.named("other_client").await);
    let bundle = bundle_path(desk);
    let world = &desk.world;

    let ticket = json!({"title": "marker-ticket-7f3a", "description": "marker-ticket-text-91c2"});
    let ticket = client
        .post(&format!("{bundle}create_ticket/"), &ticket)
        .await
        .check_json(201);
    let ticket = format!("/api/v1/tickets/{}/", ticket["id"]);
    let note = json!({"message": "marker-internal-note-55d1", "is_internal": true});
    admin
        .post(&format!("{ticket}messages/"), &note)
        .await
        .check_json(201);
    let file = Form::new()
        .file(
            "file",
            "marker-internal-name-0b4e.txt",
            b"marker-internal-bytes-c8a6",
        )
        .text("is_internal", "true");
    admin
        .post_form(&format!("{ticket}attachments/"), file)
        .await
        .check_json(201);

    let theirs = json!({"title": "marker-other-ticket-2e9d", "description": "words"});
    other
        .post("/api/v1/tickets/", &theirs)
        .await
        .check_json(201);

    let private = json!({
        "recipient_id": world.writer.id.get(), "is_private": true,
        "subject": "marker-private-line-66b0", "initial_message": "marker-private-text-d417",
    });
    admin
        .post(&format!("{bundle}create_thread/"), &private)
        .await
        .check_json(201);
    let common = json!({
        "recipient_id": world.client.id.get(), "subject": "marker-common-line-8a15",
        "initial_message": "marker-deleted-text-3c72",
    });
    let common = writer
        .post(&format!("{bundle}create_thread/"), &common)
        .await
        .check_json(201);
    let message = format!(
        "/api/v1/communications/messages/{}/",
        common["last_message"]["id"]
    );
    writer.delete(&message).await.check_no_content();

    for (name, flag) in [
        ("marker-not-for-client-19fe.txt", "is_visible_to_client"),
        ("marker-not-for-writer-a27d.txt", "is_visible_to_writer"),
    ] {
        let form = Form::new()
            .file("file", name, name.as_bytes())
            .text(flag, "false");
        admin
            .post_form(&upload_path(desk), form)
            .await
            .check_json(201);
    }

    let mut markers = vec![
        marker("marker-ticket-7f3a", ALL_BUT_WRITERS),
        marker("marker-ticket-text-91c2", ALL_BUT_WRITERS),
        marker("marker-internal-note-55d1", STAFF),
        marker("marker-internal-name-0b4e", STAFF),
        marker("marker-internal-bytes-c8a6", STAFF),
        marker("marker-other-ticket-2e9d", THE_OTHER),
        marker("marker-private-line-66b0", ALL_BUT_CLIENTS),
        marker("marker-private-text-d417", ALL_BUT_CLIENTS),
        marker("marker-common-line-8a15", PARTIES),
        marker("marker-deleted-text-3c72", &[]),
        marker("marker-not-for-client-19fe", ALL_BUT_CLIENTS),
        marker("marker-not-for-writer-a27d", ALL_BUT_WRITERS),
    ];
    for actor in world.everybody() {
        let credentials = desk.store.credentials_of(actor.id).await.unwrap().unwrap();
        markers.push(marker(credentials.password.unwrap().as_str(), &[]));
    }
    for row in desk.store.list_blobs(None, 100).await.unwrap() {
        let key = row.key.as_str();
        let random = key.rsplit('/').next().unwrap();
        markers.extend([marker(key, &[]), marker(random, &[])]);
    }
    markers
}

/// What a token's hash looks like in hexadecimal.
fn token_hash(client: &Client<'_>) -> String {
    let token = AccessToken::parse(client.token()).unwrap();
    let bytes = token.hash();
    bytes
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn received(answer: &Answer) -> String {
    let mut all = answer.text();
    for (name, value) in &answer.headers {
        all.push_str(&format!(
            "\n{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    all
}

/// contract: perm.hidden, perm.counts, conv.uploads.keys
#[tokio::test]
async fn nobody_receives_what_is_not_theirs() {
    let desk = TestServer::start().await;
    let mut markers = taint(&desk).await;
    let mut clients = Vec::new();
    for name in crate::harness::NAMES {
        let client = desk.named(name).await;
        let hash = token_hash(&client);
        let token: String = client.token().into();
        markers.extend([marker(&hash, &[]), marker(&token, &[])]);
        clients.push((name, client));
    }
    clients.push(("nobody", desk.anonymous()));
    let paths = paths();
    let mut seen = vec![0; markers.len()];
    for (name, client) in &clients {
        let mut check = |answer: &Answer, what: &str| {
            assert!(answer.status < 500, "{what}: {}", answer.text());
            let text = received(answer);
            for (count, marker) in seen.iter_mut().zip(&markers) {
                if text.contains(&marker.text) {
                    assert!(
                        marker.may_read.contains(name),
                        "{name} reads {} at {what}",
                        marker.text
                    );
                    *count += 1;
                }
            }
        };
        for path in &paths {
            check(&client.get(path).await, &format!("GET {path}"));
            let nothing = Value::Object(serde_json::Map::new());
            check(&client.post(path, &nothing).await, &format!("POST {path}"));
            check(
                &client.patch(path, &nothing).await,
                &format!("PATCH {path}"),
            );
            let head = client.send(Method::HEAD, path, |request| request).await;
            check(&head, &format!("HEAD {path}"));
        }
    }
    // The search does find: whatever somebody may read was read.
    for (count, marker) in seen.iter().zip(&markers) {
        assert_eq!(*count > 0, !marker.may_read.is_empty(), "{}", marker.text);
    }
}

/// contract: perm.counts
#[tokio::test]
async fn a_search_does_not_tell_what_is_hidden() {
    let desk = TestServer::start().await;
    taint(&desk).await;
    let other = desk.named("other_client").await;
    for query in [
        "q=marker-ticket-7f3a",
        "content_type=class_bundle",
        "created_by=4",
    ] {
        let answer = other.get(&format!("/api/v1/tickets/?{query}")).await;
        assert_eq!(answer.check_json(200), json!([]), "{query}");
        assert_eq!(answer.header("link"), "");
    }
    let client = desk.named("client").await;
    let bundle = client.get(&format!("{}threads/", bundle_path(&desk))).await;
    assert_eq!(bundle.check_json(200).as_array().unwrap().len(), 1);
}
