//! Searching lists by words.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer};

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const TICKETS: &str = "/api/v1/tickets/";
const USERS: &str = "/api/v1/users/";

async fn ids(client: &Client<'_>, list: &str, q: &str) -> Vec<i64> {
    let q: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = client.get(&format!("{list}?q={q}")).await.check_json(200);
    let items = found.as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_i64().unwrap())
        .collect()
}

async fn create(client: &Client<'_>, title: &str, description: &str) -> i64 {
    let body = json!({"title": title, "description": description});
    let created: Value = client.post(TICKETS, &body).await.check_json(201);
    created["id"].as_i64().unwrap()
}

/// contract: conv.search
#[tokio::test]
async fn lists_are_searched_by_words() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "Übung fehlt", "In Straße 7 und Æbeltoft").await;
    let body = json!({"client_id": desk.world.client.id.get(), "title": "Élèves avancés"});
    let bundle = admin.post(BUNDLES, &body).await.check_json(201)["id"]
        .as_i64()
        .unwrap();
    let person = json!({
        "username": "zoe", "email": "zoë@example.org", "role": "client",
        "password": "correct horse battery", "display_name": "Zoë Şahin",
    });
    let person = admin.post(USERS, &person).await.check_json(201)["id"]
        .as_i64()
        .unwrap();
    for (list, q, expected) in [
        (TICKETS, "Übung", ticket),
        (TICKETS, "übung", ticket),
        (TICKETS, "U\u{308}bung", ticket),
        (TICKETS, "fehlt UBUNG", ticket),
        (TICKETS, "strasse aebel", ticket),
        (BUNDLES, "AVANCES eleves", bundle),
        (BUNDLES, "e\u{301}le\u{300}ves", bundle),
        (USERS, "SAHIN zoe", person),
        (USERS, "zoe\u{308}@example.org", person),
    ] {
        assert_eq!(ids(&admin, list, q).await, [expected], "{list} {q:?}");
    }
    for (list, q) in [
        (TICKETS, "bung"),
        (TICKETS, "übung da"),
        (BUNDLES, "leves"),
        (USERS, "ahin"),
    ] {
        assert_eq!(ids(&admin, list, q).await, [0_i64; 0], "{list} {q:?}");
    }
}

/// contract: conv.search.number, perm.counts
#[tokio::test]
async fn a_ticket_is_found_by_its_number_by_those_who_may_see_it() {
    let desk = TestServer::start().await;
    let (admin, client) = (desk.named("admin").await, desk.named("client").await);
    let ticket = create(&client, "Broken screen", "").await;
    create(&client, "Another", "").await;
    for q in [
        format!("{ticket}"),
        format!("#{ticket}"),
        format!("screen #{ticket}"),
    ] {
        assert_eq!(ids(&admin, TICKETS, &q).await, [ticket], "{q}");
        assert_eq!(ids(&client, TICKETS, &q).await, [ticket], "{q}");
        let stranger = desk.named("other_client").await;
        assert_eq!(ids(&stranger, TICKETS, &q).await, [0_i64; 0], "{q}");
    }
}

/// contract: conv.search
#[tokio::test]
async fn a_search_has_sixteen_words_at_most() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let ticket = create(
        &admin,
        "word word2 word3",
        "東京都千代田区丸の内一丁目九番一号",
    )
    .await;
    for list in [TICKETS, BUNDLES, USERS] {
        let answer = admin.get(&format!("{list}?q={}", "word+".repeat(17))).await;
        answer.check_faults(&["q: too_many_words"]);
        let answer = admin.get(&format!("{list}?q={}", "x".repeat(256))).await;
        answer.check_faults(&["q: too_long"]);
    }
    assert_eq!(ids(&admin, TICKETS, &"word ".repeat(16)).await, [ticket]);
    let signs = "千代田区丸の内一丁目九番一号東京都";
    assert_eq!(ids(&admin, TICKETS, signs).await, [ticket]);
    for q in ["%", "\"", "*", "#", "🎉"] {
        assert_eq!(ids(&admin, TICKETS, q).await, [0_i64; 0], "{q}");
    }
}
