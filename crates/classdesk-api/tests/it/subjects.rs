//! Subjects that live in another system, and the audit log.

use serde_json::json;

use crate::harness::TestServer;

const ORDER: &str = "/api/v1/subjects/order/1001/";

/// contract: subjects
#[tokio::test]
async fn admins_register_change_and_remove_subjects() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let admin = desk.named("admin").await;
    let body = json!({"client_id": world.client.id.get(), "label": "Order 1001"});
    let registered = admin.put(ORDER, &body).await.check_json(201);
    assert_eq!(
        registered,
        json!({
            "content_type": "order", "object_id": 1001, "external_id": null, "client_id": world.client.id.get(),
            "assigned_writer_id": null, "label": "Order 1001", "version": registered["version"],
        })
    );
    let again = admin.put(ORDER, &body).await.check_json(200);
    assert_eq!(again, registered);
    let with_writer = json!({
        "client_id": world.client.id.get(), "assigned_writer_id": world.writer.id.get(),
        "label": "Order 1001, rush",
    });
    let changed = admin.put(ORDER, &with_writer).await.check_json(200);
    assert_eq!(changed["assigned_writer_id"], world.writer.id.get());
    for name in ["client", "writer", "editor", "superadmin"] {
        let seen = desk.named(name).await.get(ORDER).await.check_json(200);
        assert_eq!(seen, changed);
    }
    for name in ["other_client", "other_writer"] {
        let stranger = desk.named(name).await;
        stranger.get(ORDER).await.check_problem(404, "not-found");
        stranger
            .put(ORDER, &json!({}))
            .await
            .check_problem(404, "not-found");
        stranger.delete(ORDER).await.check_problem(404, "not-found");
    }
    for name in ["client", "writer", "editor"] {
        let party = desk.named(name).await;
        party
            .put(ORDER, &json!({}))
            .await
            .check_problem(403, "forbidden");
        party.delete(ORDER).await.check_problem(403, "forbidden");
    }
    admin
        .put(ORDER, &json!({"client_id": 1, "x": 2}))
        .await
        .check_faults(&["label: required", "x: unknown_field"]);
    admin.delete(ORDER).await.check_no_content();
    admin.delete(ORDER).await.check_problem(404, "not-found");
    admin.get(ORDER).await.check_problem(404, "not-found");
}

/// contract: subjects, subjects.native
#[tokio::test]
async fn a_bundle_is_no_subject_to_register_and_a_used_one_stays() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let admin = desk.named("admin").await;
    let body = json!({"client_id": world.client.id.get(), "label": "Mine"});
    let bundle = format!("/api/v1/subjects/class_bundle/{}/", world.bundle);
    admin
        .put(&bundle, &body)
        .await
        .check_faults(&["content_type: native_subject"]);
    admin
        .delete(&bundle)
        .await
        .check_faults(&["content_type: native_subject"]);
    let seen = desk
        .named("client")
        .await
        .get(&bundle)
        .await
        .check_json(200);
    assert_eq!(seen["label"], "Spring semester");
    for malformed in ["Order/1", "1order/1", "order/x", "order/-1", "a-b/1"] {
        let path = format!("/api/v1/subjects/{malformed}/");
        admin
            .put(&path, &body)
            .await
            .check_problem(404, "not-found");
        admin.get(&path).await.check_problem(404, "not-found");
    }
    admin.put(ORDER, &body).await.check_json(201);
    let ticket = json!({
        "title": "T", "description": "", "content_type": "order", "object_id": 1001,
    });
    let client = desk.named("client").await;
    client
        .post("/api/v1/tickets/", &ticket)
        .await
        .check_json(201);
    admin
        .delete(ORDER)
        .await
        .check_problem(409, "subject-in-use");
}

/// contract: audit
#[tokio::test]
async fn superadmins_read_every_change_newest_first() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let admin = desk.named("admin").await;
    let bundle = format!("/api/v1/class-management/class-bundles/{}/", world.bundle);
    let before = world.tick();
    admin
        .patch(&bundle, &json!({"status": "in_progress"}))
        .await
        .check_json(200);
    let after = world.tick();
    let superadmin = desk.named("superadmin").await;
    let all = superadmin
        .get("/api/v1/audit/?limit=200")
        .await
        .check_json(200);
    let ids: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_i64())
        .collect();
    assert!(ids.len() > 2 && ids.is_sorted_by(|a, b| a > b));
    let changed = &all[1];
    assert_eq!(changed["action"], "bundle.changed");
    assert_eq!(changed["actor"]["username"], "admin");
    assert_eq!(changed["content_type"], "class_bundle");
    assert_eq!(changed["object_id"], world.bundle.get());
    assert_eq!(changed["at"], before.to_string());
    let detail = json!({"fields": "status", "from": "not_started", "to": "in_progress"});
    assert_eq!(changed["detail"], detail);

    let count = async |query: String| {
        let list = superadmin.get(&format!("/api/v1/audit/?{query}")).await;
        list.check_json(200).as_array().unwrap().len()
    };
    assert_eq!(count("action=bundle.changed".to_owned()).await, 1);
    assert_eq!(
        count(format!(
            "action=bundle.changed&since={before}&until={after}"
        ))
        .await,
        1
    );
    assert_eq!(
        count(format!("action=bundle.changed&since={after}")).await,
        0
    );
    assert_eq!(
        count(format!("action=bundle.changed&actor={}", world.client.id)).await,
        0
    );
    let object = format!("content_type=class_bundle&object_id={}", world.bundle);
    assert_eq!(count(object).await, 1);
    superadmin
        .get("/api/v1/audit/?action=x&actor=0&content_type=A&object_id=x&since=now&until=&x=1")
        .await
        .check_faults(&[
            "action: not_a_choice",
            "actor: out_of_range",
            "content_type: content_type",
            "object_id: wrong_type",
            "since: wrong_type",
            "until: wrong_type",
            "x: unknown_field",
        ]);
    for name in ["admin", "editor", "client", "writer"] {
        let answer = desk.named(name).await.get("/api/v1/audit/?limit=0").await;
        answer.check_problem(403, "forbidden");
    }
}
