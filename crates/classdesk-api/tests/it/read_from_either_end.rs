//! Lists that are read from either end: messages of threads and tickets, and the history of a ticket.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer};

/// The ids of a page, and the path of the next one.
async fn page(client: &Client<'_>, path: &str) -> (Vec<i64>, Option<String>) {
    let answer = client.get(path).await;
    let list = answer.check_json(200);
    let ids = list.as_array().unwrap().iter();
    let ids = ids.map(|item| item["id"].as_i64().unwrap()).collect();
    (ids, answer.next_page())
}

async fn ids(client: &Client<'_>, path: &str) -> Vec<i64> {
    page(client, path).await.0
}

/// Walks from the end of a list to its beginning; gives the ids of the pages, each with its items by
/// ascending id.
async fn walk_back(client: &Client<'_>, path: &str) -> Vec<Vec<i64>> {
    let (first, mut next) = page(client, &format!("{path}?limit=2&latest=true")).await;
    let mut pages = vec![first];
    while let Some(path) = next {
        let (ids, further) = page(client, &path).await;
        pages.push(ids);
        next = further;
    }
    pages
}

/// What every such list does, given its ids by ascending id: at least four.
async fn check_both_ends(client: &Client<'_>, path: &str, all: &[i64]) {
    let count = all.len();
    assert_eq!(ids(client, path).await, all);
    assert_eq!(ids(client, &format!("{path}?after=0")).await, all);
    let after = format!("{path}?limit=2&after={}", all[0]);
    let (found, next) = page(client, &after).await;
    assert_eq!(found, all[1..3], "{path}");
    let (found, _) = page(client, &next.unwrap()).await;
    assert_eq!(found, all[3..count.min(5)], "{path}");
    let before = format!("{path}?limit=2&before={}", all[3]);
    let (found, next) = page(client, &before).await;
    assert_eq!(found, all[1..3], "just before, oldest first");
    assert_eq!(page(client, &next.unwrap()).await, (vec![all[0]], None));
    let backwards: Vec<Vec<i64>> = all.rchunks(2).map(<[i64]>::to_vec).collect();
    assert_eq!(walk_back(client, path).await, backwards, "{path}");
    assert_eq!(ids(client, &format!("{path}?latest=false")).await, all);
    for (two, fault) in [
        ("after=1&before=9", "before: mutually_exclusive"),
        ("latest=true&after=0", "latest: mutually_exclusive"),
        ("latest=true&before=9", "latest: mutually_exclusive"),
    ] {
        let answer = client.get(&format!("{path}?{two}")).await;
        answer.check_faults(&[fault]);
    }
    for (wrong, fault) in [
        ("after=-1", "after: out_of_range"),
        ("before=0", "before: out_of_range"),
        ("latest=yes", "latest: wrong_type"),
    ] {
        let answer = client.get(&format!("{path}?{wrong}")).await;
        answer.check_faults(&[fault]);
    }
}

async fn send(client: &Client<'_>, path: &str, count: usize) -> Vec<i64> {
    let mut sent = Vec::new();
    for number in 0..count {
        let body = json!({"message": format!("no {number}")});
        let message = client.post(path, &body).await.check_json(201);
        sent.push(message["id"].as_i64().unwrap());
    }
    sent
}

/// contract: messages.list, conv.lists.link
#[tokio::test]
async fn messages_of_a_thread_are_read_from_either_end() {
    let desk = TestServer::start().await;
    let (client, world) = (desk.named("client").await, &desk.world);
    let people = [world.client, world.writer];
    let thread = world.add_thread(&*desk.store, &people).await.thread.id;
    let path = format!("/api/v1/communications/threads/{thread}/messages/");
    let sent = send(&client, &path, 7).await;
    check_both_ends(&client, &path, &sent).await;
}

/// contract: messages.list.around
#[tokio::test]
async fn a_page_of_messages_is_found_around_one() {
    let desk = TestServer::start().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let world = &desk.world;
    let people = [world.client, world.writer];
    let thread = world.add_thread(&*desk.store, &people).await.thread.id;
    let elsewhere = world.add_thread(&*desk.store, &people).await.thread.id;
    let elsewhere = world
        .add_message(&*desk.store, elsewhere, world.client)
        .await;
    let path = format!("/api/v1/communications/threads/{thread}/");
    let messages = format!("{path}messages/");
    let sent = send(&client, &messages, 9).await;
    let around = |what: &Value| {
        let what = what.to_string();
        format!("{messages}?limit=4&around={}", what.trim_matches('"'))
    };
    let (found, next) = page(&writer, &around(&json!(sent[4]))).await;
    assert_eq!(found, sent[2..6]);
    assert_eq!(ids(&writer, &next.unwrap()).await, sent[6..], "forward");
    let unread = around(&json!("unread"));
    assert_eq!(ids(&writer, &unread).await, sent[..4]);
    let read = format!("{path}read/");
    let mark = json!({"up_to": sent[3]});
    writer.post(&read, &mark).await.check_no_content();
    assert_eq!(ids(&writer, &unread).await, sent[2..6]);
    writer.post(&read, &json!({})).await.check_no_content();
    let (found, next) = page(&writer, &unread).await;
    assert_eq!(found, sent[5..], "the end, where nothing is unread");
    assert_eq!(next, None);
    for (query, fault) in [
        (
            format!("around={}", elsewhere.get()),
            "around: not_in_thread",
        ),
        ("around=999999".to_owned(), "around: not_in_thread"),
        ("around=0".to_owned(), "around: out_of_range"),
        ("around=all".to_owned(), "around: wrong_type"),
        (
            "around=unread&latest=true".to_owned(),
            "around: mutually_exclusive",
        ),
        (
            "after=0&around=unread".to_owned(),
            "around: mutually_exclusive",
        ),
    ] {
        let path = format!("{messages}?{query}");
        writer.get(&path).await.check_faults(&[fault]);
        let stranger = desk.named("other_writer").await;
        stranger.get(&path).await.check_problem(404, "not-found");
    }
}

/// contract: tickets.messages, tickets.history
#[tokio::test]
async fn what_is_on_a_ticket_is_read_from_either_end() {
    let desk = TestServer::start().await;
    let (client, admin) = (desk.named("client").await, desk.named("admin").await);
    let world = &desk.world;
    let ticket = world.add_ticket(&*desk.store, world.client, None).await.id;
    let path = format!("/api/v1/tickets/{ticket}/");
    let messages = format!("{path}messages/");
    let mut public = send(&client, &messages, 4).await;
    let body = json!({"message": "among ourselves", "is_internal": true});
    admin.post(&messages, &body).await.check_json(201);
    public.extend(send(&client, &messages, 2).await);
    check_both_ends(&client, &messages, &public).await;
    let history = format!("{path}history/");
    let lines = ids(&client, &history).await;
    assert_eq!(lines.len(), 6);
    check_both_ends(&client, &history, &lines).await;
}
