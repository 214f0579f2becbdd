//! People whom another system names by ids of its own.

use serde_json::{Value, json};

use crate::harness::TestServer;

const USERS: &str = "/api/v1/users/";

fn person(username: &str) -> Value {
    json!({"username": username, "email": format!("{username}@example.com"), "role": "client"})
}

/// contract: users.put, conv.external-ids
#[tokio::test]
async fn a_person_is_put_and_found_by_the_id_of_another_system() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    // A slash, a percent sign, a plus sign and letters of another script, encoded.
    let path = format!("{USERS}ext:crm%2F50%25%2B%C3%A9/");
    let created = admin.put(&path, &person("anna")).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let anna = created.json();
    assert_eq!(anna["external_id"], "crm/50%+é");
    let defaults = (&anna["language"], &anna["time_zone"], &anna["version"]);
    assert_eq!(defaults, (&json!("en"), &json!("UTC"), &json!(1)));

    let again = admin.put(&path, &person("anna")).await.check_json(200);
    assert_eq!(again, anna, "nothing is changed");
    let mut other = person("anna");
    other["time_zone"] = json!("Asia/Tokyo");
    let changed = admin.put(&path, &other).await.check_json(200);
    assert_eq!(changed["version"], 2);
    assert_eq!(admin.get(&path).await.check_json(200), changed);
    let by_number = admin.get(&format!("{USERS}{}/", anna["id"])).await;
    assert_eq!(by_number.check_json(200), changed);
    let renamed = admin
        .patch(&path, &json!({"display_name": "Anna A."}))
        .await;
    assert_eq!(renamed.check_json(200)["display_name"], "Anna A.");

    let elsewhere = format!("{USERS}ext:8/");
    let taken = admin.put(&elsewhere, &person("anna")).await;
    taken.check_problem(409, "username-taken");
    let mut posted = person("bert");
    posted["external_id"] = anna["external_id"].clone();
    let problem = admin.post(USERS, &posted).await;
    let problem = problem.check_problem(409, "external-id-taken");
    assert_eq!(problem["errors"][0]["field"], "external_id");
    posted["external_id"] = json!("a b");
    let wrong = admin.post(USERS, &posted).await;
    wrong.check_faults(&["external_id: external_id"]);
    let faulty = admin
        .put(&elsewhere, &json!({"role": "king", "id": 1}))
        .await;
    faulty.check_faults(&[
        "username: required",
        "email: required",
        "role: not_a_choice",
        "id: unknown_field",
    ]);
}

/// contract: conv.external-ids
#[tokio::test]
async fn a_hidden_external_id_looks_like_a_missing_one() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let client = desk.world.client.id.get();
    admin
        .put(&format!("{USERS}ext:7/"), &person("anna"))
        .await
        .check_json(201);
    let stranger = desk.named("other_client").await;
    let (hidden, missing) = (format!("{USERS}ext:7/"), format!("{USERS}ext:8/"));
    let seen = (stranger.get(&hidden).await, stranger.get(&missing).await);
    seen.0.check_problem(404, "not-found");
    assert_eq!(seen.0.without_request_id(), seen.1.without_request_id());
    let body = person("anna");
    let seen = (
        stranger.put(&hidden, &body).await,
        stranger.put(&missing, &body).await,
    );
    seen.0.check_problem(403, "forbidden");
    assert_eq!(seen.0.without_request_id(), seen.1.without_request_id());
    let by_number = admin.put(&format!("{USERS}{client}/"), &body).await;
    by_number.check_problem(404, "not-found");
}

/// contract: conv.external-ids
#[tokio::test]
async fn the_same_put_at_once_is_one_201_and_otherwise_200() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let (path, body) = (format!("{USERS}ext:7/"), person("anna"));
    let puts = (0..8).map(|_| admin.put(&path, &body));
    let answers = futures_util::future::join_all(puts).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
}
