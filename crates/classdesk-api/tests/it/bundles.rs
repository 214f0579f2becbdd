//! Class bundles.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";

fn bundle_path(desk: &TestServer) -> String {
    format!("{BUNDLES}{}/", desk.world.bundle)
}

fn ids(list: &Value) -> Vec<i64> {
    let bundles = list.as_array().unwrap().iter();
    bundles
        .map(|bundle| bundle["id"].as_i64().unwrap())
        .collect()
}

async fn create(desk: &TestServer, body: Value) -> Value {
    let mut whole = json!({"client_id": desk.world.client.id.get(), "title": "A bundle"});
    whole
        .as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    let admin = desk.named("admin").await;
    admin.post(BUNDLES, &whole).await.check_json(201)
}

/// contract: bundles.create, perm.bundle.change
#[tokio::test]
async fn admins_create_bundles() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let created = create(
        &desk,
        json!({
            "title": "  Autumn  ", "assigned_writer_id": world.writer.id.get(),
            "description": "Twelve classes", "level": "B2", "number_of_classes": 12,
            "start_date": "2026-09-01", "end_date": "2026-12-01", "status": "completed",
        }),
    )
    .await;
    let now = world.now().to_string();
    assert_eq!(
        created,
        json!({
            "id": created["id"], "external_id": null, "title": "Autumn", "description": "Twelve classes",
            "status": "completed", "level": "B2", "number_of_classes": 12,
            "start_date": "2026-09-01", "end_date": "2026-12-01",
            "client": world.client.id.get(), "client_username": "client",
            "assigned_writer": world.writer.id.get(), "assigned_writer_username": "writer",
            "created_by": world.admin.id.get(), "created_at": now, "updated_at": now,
            "completed_at": now, "version": 1, "threads_count": 0, "tickets_count": 0, "files_count": 0,
            "files": [],
        })
    );
    let least = create(&desk, json!({"assigned_writer_id": null})).await;
    assert_eq!(least["status"], "not_started");
    assert_eq!(least["number_of_classes"], 1);
    assert_eq!(least["description"], "");
    for name in ["start_date", "end_date", "completed_at", "assigned_writer"] {
        assert_eq!(least[name], Value::Null, "{name}");
    }
    for name in ["editor", "client", "writer"] {
        let body = json!({"client_id": world.client.id.get(), "title": 7});
        let answer = desk.named(name).await.post(BUNDLES, &body).await;
        answer.check_problem(403, "forbidden");
    }
}

/// contract: conv.errors.validation, conv.unknown-fields
#[tokio::test]
async fn all_faults_of_a_bundle_are_told_at_once() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let body = json!({
        "client_id": "7", "title": "x".repeat(256), "assigned_writer_id": 0,
        "description": "a\u{0}b", "level": "x".repeat(51), "number_of_classes": 1001,
        "start_date": "2026-02-30", "end_date": 5, "status": "lost", "client": 7,
    });
    admin.post(BUNDLES, &body).await.check_faults(&[
        "client_id: wrong_type",
        "title: too_long",
        "assigned_writer_id: out_of_range",
        "description: nul_character",
        "level: too_long",
        "number_of_classes: out_of_range",
        "start_date: wrong_type",
        "end_date: wrong_type",
        "status: not_a_choice",
        "client: unknown_field",
    ]);
    let backwards = json!({
        "client_id": desk.world.writer.id.get(), "title": "T", "start_date": "2026-03-02",
        "end_date": "2026-03-01",
    });
    let answer = admin.post(BUNDLES, &backwards).await;
    answer.check_faults(&["end_date: end_before_start"]);
    let strangers = json!({
        "client_id": desk.world.writer.id.get(), "title": "T",
        "assigned_writer_id": desk.world.client.id.get(),
    });
    let answer = admin.post(BUNDLES, &strangers).await;
    answer.check_faults(&[
        "client_id: not_eligible",
        "assigned_writer_id: not_eligible",
    ]);
}

/// contract: bundles.list, perm.counts
#[tokio::test]
async fn everybody_lists_the_bundles_that_they_may_see() {
    let desk = TestServer::start().await;
    let (first, world) = (desk.world.bundle.get(), &desk.world);
    let other = json!({"client_id": world.other_client.id.get(), "title": "Winter"});
    let other = create(&desk, other).await["id"].as_i64().unwrap();
    let check = async |name: &str, query: &str, expected: &[i64]| {
        let client = desk.named(name).await;
        let list = client
            .get(&format!("{BUNDLES}{query}"))
            .await
            .check_json(200);
        assert_eq!(ids(&list), expected, "{name} {query}");
    };
    check("editor", "", &[other, first]).await;
    check("client", "", &[first]).await;
    check("other_client", "", &[other]).await;
    check("writer", "", &[first]).await;
    check("other_writer", "", &[]).await;
    check("admin", "?q=wint", &[other]).await;
    check("admin", &format!("?client={}", world.client.id), &[first]).await;
    check("client", &format!("?client={}", world.other_client.id), &[]).await;
    check(
        "admin",
        &format!("?assigned_writer={}", world.writer.id),
        &[first],
    )
    .await;
    check("admin", "?status=not_started", &[other, first]).await;
    check("admin", "?status=completed", &[]).await;
    let admin = desk.named("admin").await;
    let faulty = "?status=lost&client=x&assigned_writer=-1&q=%20&cursor=AAAA&page=2&limit=201";
    admin
        .get(&format!("{BUNDLES}{faulty}"))
        .await
        .check_faults(&[
            "status: not_a_choice",
            "client: wrong_type",
            "assigned_writer: out_of_range",
            "q: blank",
            "cursor: damaged_cursor",
            "page: unknown_field",
            "limit: out_of_range",
        ]);
    let twice = admin.get(&format!("{BUNDLES}?limit=1&limit=2")).await;
    twice.check_faults(&["limit: repeated"]);
}

/// contract: bundles.one, perm.bundle.see, perm.hidden
#[tokio::test]
async fn a_bundle_is_seen_by_its_parties_and_staff() {
    let desk = TestServer::start().await;
    let path = bundle_path(&desk);
    for name in ["superadmin", "admin", "editor", "client", "writer"] {
        let bundle = desk.named(name).await.get(&path).await.check_json(200);
        assert_eq!(bundle["id"], desk.world.bundle.get());
        assert_eq!(bundle["files"], json!([]));
    }
    for name in ["other_client", "other_writer"] {
        let stranger = desk.named(name).await;
        let hidden = stranger.get(&path).await;
        hidden.check_problem(404, "not-found");
        let missing = stranger.get(&format!("{BUNDLES}999999/")).await;
        assert_eq!(hidden.without_request_id(), missing.without_request_id());
    }
    for odd in [
        "0",
        "-1",
        "007",
        "x",
        "1.0",
        "9223372036854775808",
        "%00",
        "1%2F2",
    ] {
        let answer = desk
            .named("admin")
            .await
            .get(&format!("{BUNDLES}{odd}/"))
            .await;
        answer.check_problem(404, "not-found");
    }
}

/// contract: bundles.one, perm.bundle.change, bundles.change
#[tokio::test]
async fn a_change_tells_absent_from_null_from_value() {
    let desk = TestServer::start().await;
    let (admin, path) = (desk.named("admin").await, bundle_path(&desk));
    let dates = json!({"start_date": "2026-03-01", "end_date": "2026-03-31"});
    admin.patch(&path, &dates).await.check_json(200);
    desk.world.tick();
    let changed = admin
        .patch(&path, &json!({"end_date": null}))
        .await
        .check_json(200);
    assert_eq!(changed["start_date"], "2026-03-01");
    assert_eq!(changed["end_date"], Value::Null);
    assert_eq!(changed["version"], 3);
    let completed = admin
        .patch(&path, &json!({"status": "completed"}))
        .await
        .check_json(200);
    assert_eq!(completed["completed_at"], desk.world.now().to_string());
    let reopened = admin
        .patch(&path, &json!({"status": "exhausted"}))
        .await
        .check_json(200);
    assert_eq!(reopened["completed_at"], Value::Null);
    let nothing = admin.patch(&path, &json!({})).await.check_json(200);
    assert_eq!(nothing, reopened);

    let faulty = json!({"title": null, "client_id": 1, "end_date": "2026-02-01"});
    let answer = admin.patch(&path, &faulty).await;
    answer.check_faults(&["title: wrong_type", "client_id: unknown_field"]);
    let before = admin.patch(&path, &json!({"end_date": "2026-02-01"})).await;
    before.check_faults(&["end_date: end_before_start"]);
}

/// contract: conv.rights-first
#[tokio::test]
async fn rights_come_before_bodies() {
    let desk = TestServer::start().await;
    let path = bundle_path(&desk);
    for (name, status, slug) in [
        ("other_client", 404, "not-found"),
        ("client", 403, "forbidden"),
        ("editor", 403, "forbidden"),
    ] {
        let client = desk.named(name).await;
        for body in ["{", "[]", r#"{"title": 1}"#, "\u{0}", ""] {
            let answer = send_raw(&client, Method::PATCH, &path, body).await;
            answer.check_problem(status, slug);
        }
        let missing = send_raw(&client, Method::PATCH, &format!("{BUNDLES}999999/"), "{").await;
        missing.check_problem(404, "not-found");
    }
}

async fn send_raw(client: &Client<'_>, method: Method, path: &str, body: &str) -> Answer {
    let body = body.to_owned();
    client
        .send(method, path, |request| {
            request
                .header("content-type", "application/json")
                .body(body)
        })
        .await
}

/// contract: conv.concurrency, conv.concurrency.tag, bundles.change
#[tokio::test]
async fn a_change_for_another_version_is_412() {
    let desk = TestServer::start().await;
    let (admin, path) = (desk.named("admin").await, bundle_path(&desk));
    let read = admin.get(&path).await;
    let tag = read.header("etag").to_owned();
    assert!(tag.starts_with("\"1-") && tag.ends_with('"'), "{tag}");
    let change = async |if_match: &str, title: &str| {
        admin
            .send(Method::PATCH, &path, |request| {
                request
                    .header("if-match", if_match)
                    .json(&json!({"title": title}))
            })
            .await
    };
    change("\"7\"", "A")
        .await
        .check_problem(412, "precondition-failed");
    change("W/\"1\"", "A")
        .await
        .check_problem(412, "precondition-failed");
    change("\"unknown\"", "A")
        .await
        .check_problem(412, "precondition-failed");
    change("1", "A").await.check_problem(400, "invalid-header");
    let first = change(&tag, "A").await;
    first.check_json(200);
    assert!(first.header("etag").starts_with("\"2-"));
    change(&tag, "B")
        .await
        .check_problem(412, "precondition-failed");
    change("\"2\"", "B").await.check_json(200);
    change("\"9\", \"3-whatever\"", "C").await.check_json(200);
    change("*", "D").await.check_json(200);
    let stranger = desk.named("other_client").await;
    let hidden = stranger
        .send(Method::PATCH, &path, |request| {
            request
                .header("if-match", "\"7\"")
                .json(&json!({"title": "E"}))
        })
        .await;
    hidden.check_problem(404, "not-found");
}

/// contract: conv.concurrency
#[tokio::test]
async fn an_unchanged_bundle_is_304_and_a_new_count_is_not() {
    let desk = TestServer::start().await;
    let (client, path) = (desk.named("client").await, bundle_path(&desk));
    let tag = client.get(&path).await.header("etag").to_owned();
    let again = async |known: &str| {
        let known = known.to_owned();
        client
            .send(Method::GET, &path, |request| {
                request.header("if-none-match", known)
            })
            .await
    };
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = again(&known).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        assert_eq!(answer.header("etag"), tag);
    }
    assert_eq!(again("\"1\"").await.status, 200);
    assert_eq!(again("garbage").await.status, 200);
    let world = &desk.world;
    world
        .add_thread(&*desk.store, &[world.client, world.writer])
        .await;
    let fresh = again(&tag).await.check_json(200);
    assert_eq!(fresh["threads_count"], 1);
    assert_eq!(fresh["version"], 1);
}

/// contract: bundles.assign-writer, perm.replaced-writer, bundles.assign-writer.joins
/// contract: perm.participant-party
#[tokio::test]
async fn a_new_writer_joins_and_the_former_one_loses_everything() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let thread = world
        .add_thread(&*desk.store, &[world.client, world.writer])
        .await;
    let thread = format!("/api/v1/communications/threads/{}/", thread.thread.id);
    let (admin, former) = (desk.named("admin").await, desk.named("writer").await);
    let new = desk.named("other_writer").await;
    let (path, assign) = (
        bundle_path(&desk),
        format!("{}assign_writer/", bundle_path(&desk)),
    );
    former.get(&thread).await.check_json(200);

    let body = json!({"writer_id": world.other_writer.id.get()});
    let assigned = admin.post(&assign, &body).await.check_json(200);
    assert_eq!(assigned["assigned_writer_username"], "other_writer");
    assert_eq!(assigned["version"], 2);
    new.get(&thread).await.check_json(200);
    new.get(&path).await.check_json(200);
    former.get(&thread).await.check_problem(404, "not-found");
    former.get(&path).await.check_problem(404, "not-found");

    let nobody = admin
        .post(&assign, &json!({"writer_id": null}))
        .await
        .check_json(200);
    assert_eq!(nobody["assigned_writer"], Value::Null);
    admin
        .post(&assign, &json!({}))
        .await
        .check_faults(&["writer_id: required"]);
    let client_id = json!({"writer_id": world.client.id.get()});
    admin
        .post(&assign, &client_id)
        .await
        .check_faults(&["writer_id: not_eligible"]);
    for (name, status, slug) in [
        ("editor", 403, "forbidden"),
        ("client", 403, "forbidden"),
        ("writer", 404, "not-found"),
    ] {
        let answer = desk
            .named(name)
            .await
            .post(&assign, &json!({"writer_id": "x"}))
            .await;
        answer.check_problem(status, slug);
    }
}

/// contract: bundles.members
#[tokio::test]
async fn members_are_who_can_be_a_recipient() {
    let desk = TestServer::start().await;
    let path = format!("{}members/", bundle_path(&desk));
    let members = desk.named("client").await.get(&path).await.check_json(200);
    let found: Vec<_> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|member| {
            assert_eq!(member.as_object().unwrap().len(), 5, "{member}");
            (
                member["username"].as_str().unwrap(),
                member["relation"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("superadmin", "staff"),
        ("admin", "staff"),
        ("editor", "staff"),
        ("client", "client"),
        ("writer", "assigned_writer"),
    ];
    assert_eq!(found, expected);
    let hidden = desk
        .named("other_writer")
        .await
        .get(&format!("{path}?limit=0"))
        .await;
    hidden.check_problem(404, "not-found");
}
