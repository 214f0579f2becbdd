//! How large answers become.

use serde_json::{Value, json};

use crate::forms::Form;
use crate::harness::{Client, TestServer};
use crate::uploads::bundle_path;

/// No answer with several items is larger, in bytes.
const LIMIT: usize = 1024 * 1024;

/// The longest description, in characters of three bytes.
fn long_text() -> String {
    "€".repeat(20_000)
}

/// The ids of a list and how many pages it has. Each page is within the limit and, but for the
/// last, so full that no further item would fit.
async fn walk(client: &Client<'_>, path: &str, item: usize) -> (Vec<i64>, usize) {
    let (mut ids, mut pages) = (Vec::new(), 0);
    let mut next = Some(format!("{path}?limit=200"));
    while let Some(path) = next {
        let answer = client.get(&path).await;
        let page = answer.check_json(200);
        ids.extend((page.as_array().unwrap().iter()).map(|item| item["id"].as_i64().unwrap()));
        pages += 1;
        next = answer.next_page();
        let size = answer.body.len();
        assert!(size <= LIMIT, "{path} has {size} bytes");
        assert!(next.is_none() || size > LIMIT - item, "{path}: {size}");
    }
    (ids, pages)
}

async fn check_pages(client: &Client<'_>, path: &str, item: usize, mut expected: Vec<i64>) {
    let (found, pages) = walk(client, path, item).await;
    assert!(pages > 1, "{path} has one page");
    if found.first() != expected.first() {
        expected.reverse();
    }
    assert_eq!(found, expected, "{path}");
}

async fn create(client: &Client<'_>, path: &str, body: &Value) -> i64 {
    let created = client.post(path, body).await;
    created.check_json(201)["id"].as_i64().unwrap()
}

/// contract: conv.lists.size
#[tokio::test]
async fn a_page_ends_before_a_mebibyte_and_links_the_next_one() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let (bundle, tickets) = (bundle_path(&desk), "/api/v1/tickets/");
    let mut created = Vec::new();
    for number in 0..20 {
        let body = json!({"title": format!("{number}"), "description": long_text()});
        created.push(create(&client, tickets, &body).await);
    }
    check_pages(&client, tickets, 62_000, created).await;

    let body = json!({"recipient_id": desk.world.writer.id.get()});
    let thread = create(&client, &format!("{bundle}create_thread/"), &body).await;
    let messages = format!("/api/v1/communications/threads/{thread}/messages/");
    let mut sent = Vec::new();
    for _ in 0..40 {
        let body = json!({"message": "€".repeat(10_000)});
        sent.push(create(&client, &messages, &body).await);
    }
    check_pages(&client, &messages, 32_000, sent.clone()).await;
    check_other_ends(&client, &messages, &sent).await;
}

/// A page that is read from the end or around a message loses what is farthest from there.
async fn check_other_ends(client: &Client<'_>, path: &str, expected: &[i64]) {
    let page = async |path: &str| {
        let answer = client.get(path).await;
        let items = answer.check_json(200).as_array().unwrap().clone();
        assert!(answer.body.len() <= LIMIT);
        let ids: Vec<_> = items
            .iter()
            .map(|item| item["id"].as_i64().unwrap())
            .collect();
        (ids, answer.next_page())
    };
    let mut found = Vec::new();
    let mut next = Some(format!("{path}?latest=true&limit=200"));
    while let Some(path) = next {
        let (mut ids, earlier) = page(&path).await;
        ids.append(&mut found);
        (found, next) = (ids, earlier);
    }
    assert_eq!(found, expected);
    for place in [0, 20, 39] {
        let around = format!("{path}?around={}&limit=200", expected[place]);
        let (ids, next) = page(&around).await;
        assert!(ids.contains(&expected[place]), "{place}: {ids:?}");
        assert!(ids.len() >= 16 && ids.is_sorted(), "{ids:?}");
        let ends = ids.last() == expected.last();
        assert_eq!(next.is_none(), ends, "{place}");
    }
}

/// contract: bundles.one.files
#[tokio::test]
async fn a_bundle_has_its_newest_files_within_a_mebibyte_and_counts_all() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let bundle = bundle_path(&desk);
    let mut uploaded = Vec::new();
    for _ in 0..20 {
        let form = Form::new()
            .text("description", &long_text())
            .file("file", "a.txt", b"a");
        let answer = client
            .post_form(&format!("{bundle}upload_file/"), form)
            .await;
        uploaded.insert(0, answer.check_json(201)["id"].clone());
    }
    let answer = client.get(&bundle).await;
    let detail = answer.check_json(200);
    assert_eq!(detail["files_count"], 20);
    let files = detail["files"].as_array().unwrap();
    assert!(
        answer.body.len() <= LIMIT && files.len() >= 16,
        "{}",
        files.len()
    );
    let ids: Vec<_> = files.iter().map(|file| file["id"].clone()).collect();
    assert_eq!(ids, uploaded[..files.len()]);
    // The list has the others.
    let uploaded = uploaded.iter().map(|id| id.as_i64().unwrap()).collect();
    check_pages(&client, &format!("{bundle}files/"), 62_000, uploaded).await;
}

/// contract: bundles.one.files
#[tokio::test]
async fn a_bundle_has_its_newest_fifty_files() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let bundle = bundle_path(&desk);
    for _ in 0..51 {
        let form = Form::new().file("file", "a.txt", b"a");
        let answer = client
            .post_form(&format!("{bundle}upload_file/"), form)
            .await;
        answer.check_json(201);
    }
    let detail = client.get(&bundle).await.check_json(200);
    assert_eq!(detail["files_count"], 51);
    assert_eq!(detail["files"].as_array().unwrap().len(), 50);
}
