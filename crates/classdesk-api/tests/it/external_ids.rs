//! What another system names by ids of its own.

use serde_json::{Value, json};

use crate::harness::TestServer;

const USERS: &str = "/api/v1/users/";
const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const ORDERS: &str = "/api/v1/subjects/order/";

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

/// contract: bundles.put, conv.external-ids
#[tokio::test]
async fn a_bundle_is_put_and_found_by_the_id_of_another_system() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let (client, writer) = (desk.world.client.id.get(), desk.world.writer.id.get());
    let path = format!("{BUNDLES}ext:shop%2F7/");
    let mut body = json!({"client_id": client, "title": "Spring", "level": "B2"});
    let bundle = admin.put(&path, &body).await.check_json(201);
    assert_eq!(bundle["external_id"], "shop/7");
    assert_eq!(admin.put(&path, &body).await.check_json(200), bundle);
    assert_eq!(admin.get(&path).await.check_json(200), bundle);

    body["assigned_writer_id"] = json!(writer);
    body["status"] = json!("in_progress");
    body["level"].take();
    let faulty = admin.put(&path, &body).await;
    faulty.check_faults(&["level: wrong_type"]);
    body.as_object_mut().expect("an object").remove("level");
    let changed = admin.put(&path, &body).await.check_json(200);
    let fields = (
        &changed["level"],
        &changed["assigned_writer"],
        &changed["version"],
    );
    assert_eq!(fields, (&json!(""), &json!(writer), &json!(2)));
    assert_eq!(changed["id"], bundle["id"]);
    // Both changes are in the log.
    let superadmin = desk.named("superadmin").await;
    let audit = format!(
        "/api/v1/audit/?content_type=class_bundle&object_id={}",
        bundle["id"]
    );
    let audit = superadmin.get(&audit).await.check_json(200);
    let actions: Vec<_> = audit
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| &line["action"])
        .collect();
    assert_eq!(
        actions,
        ["bundle.writer_assigned", "bundle.changed", "bundle.created"]
    );

    // Everything below a bundle is found by its external id.
    let owner = desk.named("client").await;
    for below in ["", "members/", "threads/", "tickets/", "files/"] {
        owner.get(&format!("{path}{below}")).await.check_json(200);
    }
    let ticket = json!({"title": "A ticket", "description": "On it"});
    let ticket = owner.post(&format!("{path}create_ticket/"), &ticket).await;
    assert_eq!(ticket.check_json(201)["object_id"], bundle["id"]);
    let subject = owner
        .get("/api/v1/subjects/class_bundle/ext:shop%2F7/")
        .await;
    assert_eq!(subject.check_json(200)["external_id"], "shop/7");

    body["client_id"] = json!(desk.world.other_client.id.get());
    let moved = admin.put(&path, &body).await;
    moved.check_faults(&["client_id: unchangeable"]);
    let mut posted = json!({"client_id": client, "title": "Autumn", "external_id": "shop/7"});
    let taken = admin.post(BUNDLES, &posted).await;
    taken.check_problem(409, "external-id-taken");
    posted["external_id"] = json!("shop/8");
    let other = admin.post(BUNDLES, &posted).await.check_json(201);
    let patch = json!({"external_id": "shop/7"});
    let taken = admin
        .patch(&format!("{BUNDLES}{}/", other["id"]), &patch)
        .await;
    taken.check_problem(409, "external-id-taken");
    let freed = admin.patch(&path, &json!({"external_id": null})).await;
    assert_eq!(freed.check_json(200)["external_id"], Value::Null);
    admin.get(&path).await.check_problem(404, "not-found");
}

/// contract: bundles.put, conv.external-ids
#[tokio::test]
async fn a_hidden_bundle_looks_like_a_missing_one_by_its_external_id() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let body = json!({"client_id": desk.world.client.id.get(), "title": "Spring"});
    let (hidden, missing) = (format!("{BUNDLES}ext:7/"), format!("{BUNDLES}ext:8/"));
    admin.put(&hidden, &body).await.check_json(201);
    for stranger in ["other_client", "other_writer"] {
        let stranger = desk.named(stranger).await;
        let seen = (stranger.get(&hidden).await, stranger.get(&missing).await);
        seen.0.check_problem(404, "not-found");
        assert_eq!(seen.0.without_request_id(), seen.1.without_request_id());
        let seen = (
            stranger.put(&hidden, &body).await,
            stranger.put(&missing, &body).await,
        );
        seen.0.check_problem(403, "forbidden");
        assert_eq!(seen.0.without_request_id(), seen.1.without_request_id());
    }
    let puts = (0..8).map(|_| admin.put(&missing, &body));
    let answers = futures_util::future::join_all(puts).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
}

/// contract: subjects.put-external, conv.external-ids
#[tokio::test]
async fn a_subject_is_put_and_found_by_the_id_of_another_system() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let client = desk.world.client.id.get();
    let body = json!({"client_id": client, "label": "Order SO-7"});
    let path = format!("{ORDERS}ext:SO-7/");
    let order = admin.put(&path, &body).await.check_json(201);
    assert_eq!(
        (&order["object_id"], &order["external_id"]),
        (&json!(1), &json!("SO-7"))
    );
    assert_eq!(admin.put(&path, &body).await.check_json(200), order);
    let by_number = admin.get(&format!("{ORDERS}1/")).await;
    assert_eq!(by_number.check_json(200), order);
    let other_kind = admin.put("/api/v1/subjects/invoice/ext:SO-7/", &body).await;
    assert_eq!(other_kind.check_json(201)["object_id"], 1);
    let second = admin.put(&format!("{ORDERS}ext:SO-8/"), &body).await;
    assert_eq!(second.check_json(201)["object_id"], 2);
    admin
        .delete(&format!("{ORDERS}ext:SO-8/"))
        .await
        .check_no_content();
    let third = admin.put(&format!("{ORDERS}ext:SO-9/"), &body).await;
    assert_eq!(
        third.check_json(201)["object_id"],
        3,
        "no number is given twice"
    );

    let native = admin
        .put("/api/v1/subjects/class_bundle/ext:SO-7/", &body)
        .await;
    native.check_faults(&["content_type: native_subject"]);
    let stranger = desk.named("other_client").await;
    let seen = (
        stranger.get(&path).await,
        stranger.get(&format!("{ORDERS}ext:SO-0/")).await,
    );
    seen.0.check_problem(404, "not-found");
    assert_eq!(seen.0.without_request_id(), seen.1.without_request_id());
    let fresh = format!("{ORDERS}ext:SO-10/");
    let puts = (0..8).map(|_| admin.put(&fresh, &body));
    let answers = futures_util::future::join_all(puts).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
}
