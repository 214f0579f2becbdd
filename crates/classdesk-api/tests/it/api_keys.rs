//! Keys of programs, and acting for somebody with one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Client, TestServer};

const KEYS: &str = "/api/v1/auth/keys/";
const ME: &str = "/api/v1/auth/me/";

/// Makes a key, and gives its id and token.
async fn make(client: &Client<'_>, access: &str, act_as: bool) -> (i64, String) {
    let body = json!({"name": "CRM", "access": access, "act_as": act_as});
    let made = client.post(KEYS, &body).await.check_json(201);
    let token = made["token"].as_str().unwrap().to_owned();
    (made["id"].as_i64().unwrap(), token)
}

async fn acting<'d>(desk: &'d TestServer, owner: &str, access: &str) -> Client<'d> {
    let (_, token) = make(&desk.named(owner).await, access, true).await;
    desk.with_token(token)
}

fn reason(problem: &Value) -> &str {
    problem["reason"].as_str().unwrap()
}

/// contract: keys.create, keys.shape
#[tokio::test]
async fn a_key_is_made_shown_once_and_lets_in() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let body = json!({
        "name": "  My tool ", "access": "read", "expires_at": "2099-01-01T00:00:00Z",
    });
    let made = client.post(KEYS, &body).await.check_json(201);
    let token = made["token"].as_str().unwrap();
    let (prefix, secret) = token.split_at(4);
    assert_eq!((prefix, secret.len()), ("cdk_", 43));
    assert_eq!(made["name"], "My tool");
    assert_eq!(
        (&made["access"], &made["act_as"]),
        (&json!("read"), &json!(false))
    );
    assert_eq!(made["user"]["username"], "client");
    assert_eq!(made["last_used_at"], Value::Null);
    assert_eq!(made["expires_at"], "2099-01-01T00:00:00.000000Z");

    let program = desk.with_token(token);
    assert_eq!(program.get(ME).await.check_json(200)["username"], "client");
    let listed = client.get(KEYS).await.check_json(200);
    assert_eq!(listed[0]["id"], made["id"]);
    assert_ne!(listed[0]["last_used_at"], Value::Null);
    assert!(listed[0].get("token").is_none());

    for (body, fault) in [
        (json!({"access": "read"}), "name: required"),
        (json!({"name": "k"}), "access: required"),
        (
            json!({"name": "k", "access": "all"}),
            "access: not_a_choice",
        ),
        (
            json!({"name": "k", "access": "read", "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at: in_the_past",
        ),
    ] {
        client.post(KEYS, &body).await.check_faults(&[fault]);
    }
}

/// contract: keys.create
#[tokio::test]
async fn a_request_that_is_sent_again_shows_no_token() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let body = json!({"name": "CRM", "access": "write"});
    let send = async || {
        let again =
            |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "k").json(&body);
        client.send(Method::POST, KEYS, again).await
    };
    let first = send().await.check_json(201);
    let again = send().await;
    assert_eq!(again.header("Idempotency-Replayed"), "true");
    let again = again.check_json(201);
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["token"], Value::Null);
    assert_eq!(
        client
            .get(KEYS)
            .await
            .check_json(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// contract: keys.read
#[tokio::test]
async fn a_key_to_read_changes_nothing_and_makes_no_link() {
    let desk = TestServer::start().await;
    let (_, token) = make(&desk.named("admin").await, "read", false).await;
    let program = desk.with_token(token);
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = format!("{bundles}{}/", desk.world.bundle);
    assert_eq!(program.get(&bundle).await.status, 200);
    for (method, path) in [
        (Method::POST, bundles.to_owned()),
        (Method::PATCH, bundle.clone()),
        (Method::PATCH, format!("{bundles}999/")),
        (Method::POST, format!("{bundle}upload_file/")),
        (Method::POST, format!("{bundle}files/1/download/link/")),
        (Method::POST, KEYS.to_owned()),
        (Method::PUT, "/api/v1/users/ext:u1/".to_owned()),
    ] {
        let answer = program.send(method, &path, |request| request.json(&json!({})));
        let problem = answer.await.check_problem(403, "forbidden");
        assert_eq!(reason(&problem), "write_access", "{path}");
    }
}

/// contract: keys.limits
#[tokio::test]
async fn a_program_has_no_part_in_keys_sessions_and_passwords() {
    let desk = TestServer::start().await;
    let superadmin = desk.named("superadmin").await;
    let (id, token) = make(&superadmin, "write", true).await;
    let program = desk.with_token(token);
    assert_eq!(program.get(KEYS).await.status, 200);
    let body = json!({"name": "k", "access": "read"});
    let own_sign_in = [
        program.post(KEYS, &body).await,
        program.delete(&format!("{KEYS}{id}/")).await,
    ];
    for answer in own_sign_in {
        assert_eq!(
            reason(&answer.check_problem(403, "forbidden")),
            "own_sign_in"
        );
    }
    let change = json!({
        "current_password": "correct horse battery", "new_password": "staple that is new",
    });
    for answer in [
        program.get("/api/v1/auth/sessions/").await,
        program.delete("/api/v1/auth/sessions/1/").await,
        program.post("/api/v1/auth/logout/", &json!(null)).await,
        program.post("/api/v1/auth/logout_all/", &json!(null)).await,
        program.post("/api/v1/auth/change_password/", &change).await,
    ] {
        assert_eq!(
            reason(&answer.check_problem(403, "forbidden")),
            "own_session"
        );
    }
    let client = format!("/api/v1/users/{}/", desk.world.client.id);
    let password = json!({"password": "staple that is new"});
    let problem = program
        .patch(&client, &password)
        .await
        .check_problem(403, "forbidden");
    assert_eq!(
        (reason(&problem), &problem["field"]),
        ("own_sign_in", &json!("password"))
    );
    let name = json!({"display_name": "Clara C."});
    assert_eq!(program.patch(&client, &name).await.status, 200);
}

/// contract: keys.manage, keys.end
#[tokio::test]
async fn keys_are_ended_by_their_owner_and_by_superadmins() {
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let superadmin = desk.named("superadmin").await;
    let of_client = format!("{KEYS}?user={}", desk.world.client.id);
    for by in [&client, &superadmin] {
        let (id, token) = make(&client, "write", false).await;
        let program = desk.with_token(token);
        let key = format!("{KEYS}{id}/");
        assert_eq!(editor.delete(&key).await.status, 404);
        assert_eq!(editor.get(&of_client).await.status, 403);
        assert_eq!(by.get(&of_client).await.check_json(200)[0]["id"], id);
        assert_eq!(program.get(ME).await.status, 200);
        by.delete(&key).await.check_no_content();
        program.get(ME).await.check_problem(401, "unauthenticated");
        assert_eq!(by.delete(&key).await.status, 404);
    }
    assert_eq!(client.get(KEYS).await.check_json(200), json!([]));
    assert_eq!(client.get(&format!("{KEYS}?mine=1")).await.status, 400);
}

/// contract: keys.bounded
#[tokio::test]
async fn a_person_has_so_many_keys() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for _ in 0..50 {
        make(&client, "read", false).await;
    }
    let body = json!({"name": "k", "access": "read"});
    client
        .post(KEYS, &body)
        .await
        .check_problem(409, "too-many-keys");
}

/// contract: keys.acting
#[tokio::test]
async fn a_key_that_acts_for_others_is_for_administrators() {
    let desk = TestServer::start().await;
    let body = json!({"name": "k", "access": "write", "act_as": true});
    for (name, status) in [
        ("client", 403),
        ("editor", 403),
        ("admin", 201),
        ("superadmin", 201),
    ] {
        let answer = desk.named(name).await.post(KEYS, &body).await;
        assert_eq!(answer.status, status, "{name}");
        if status == 403 {
            let problem = answer.check_problem(403, "forbidden");
            assert_eq!(
                (reason(&problem), &problem["field"]),
                ("act_as", &json!("act_as"))
            );
        }
    }
}

/// contract: acting.rights, acting.refused
#[tokio::test]
async fn a_program_acts_for_somebody_with_their_rights() {
    let desk = TestServer::start().await;
    let program = acting(&desk, "admin", "write").await;
    let client = desk.world.client.id.to_string();
    let me = program.acting_for(&client).get(ME).await.check_json(200);
    assert_eq!(me["username"], "client");
    assert_eq!(
        program
            .acting_for(&client)
            .get("/api/v1/users/")
            .await
            .status,
        403
    );
    let stranger = desk.world.other_client.id.to_string();
    let bundle = format!(
        "/api/v1/class-management/class-bundles/{}/",
        desk.world.bundle
    );
    assert_eq!(program.acting_for(&stranger).get(&bundle).await.status, 404);
    assert_eq!(program.get(ME).await.check_json(200)["username"], "admin");

    let known = json!({"external_id": "crm-17/ä"});
    let path = format!("/api/v1/users/{client}/");
    assert_eq!(program.patch(&path, &known).await.status, 200);
    let me = program.acting_for("ext:crm-17%2F%C3%A4").get(ME).await;
    assert_eq!(me.check_json(200)["username"], "client");

    for (whom, status) in [
        ("999", 404),
        ("ext:crm-18", 404),
        (&desk.world.superadmin.id.to_string(), 403),
        ("client", 400),
        ("", 400),
    ] {
        assert_eq!(
            program.acting_for(whom).get(ME).await.status,
            status,
            "{whom}"
        );
    }
}

/// contract: acting.refused
#[tokio::test]
async fn the_header_is_never_ignored() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let (_, token) = make(&admin, "write", false).await;
    let whom = desk.world.client.id.to_string();
    for way_in in [&admin, &desk.with_token(token)] {
        for whom in [&whom, "nonsense"] {
            let refused = way_in.acting_for(whom).get(ME).await;
            assert_eq!(reason(&refused.check_problem(403, "forbidden")), "act_as");
        }
    }
    let nobody = desk.anonymous().acting_for(&whom).get(ME).await;
    nobody.check_problem(401, "unauthenticated");
}

/// contract: acting.limits
#[tokio::test]
async fn a_program_that_acts_for_somebody_may_do_no_more_than_a_key() {
    let desk = TestServer::start().await;
    let program = acting(&desk, "admin", "write").await;
    let client = desk.world.client.id.to_string();
    let sessions = program
        .acting_for(&client)
        .get("/api/v1/auth/sessions/")
        .await;
    assert_eq!(
        reason(&sessions.check_problem(403, "forbidden")),
        "own_session"
    );
    let body = json!({"name": "k", "access": "read"});
    let made = program.acting_for(&client).post(KEYS, &body).await;
    assert_eq!(reason(&made.check_problem(403, "forbidden")), "own_sign_in");
    let reader = acting(&desk, "admin", "read").await;
    let ticket = json!({"title": "t", "description": "d"});
    let reader = reader.acting_for(&client);
    let made = reader.post("/api/v1/tickets/", &ticket).await;
    assert_eq!(
        reason(&made.check_problem(403, "forbidden")),
        "write_access"
    );
}

/// contract: acting.idempotency
#[tokio::test]
async fn an_idempotency_key_belongs_to_whom_the_program_acts_for() {
    let desk = TestServer::start().await;
    let program = acting(&desk, "admin", "write").await;
    let ticket = json!({"title": "t", "description": "d"});
    let open = async |whom: &str| {
        let request =
            |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "k").json(&ticket);
        let program = program.acting_for(whom);
        program
            .send(Method::POST, "/api/v1/tickets/", request)
            .await
    };
    let client = desk.world.client.id.to_string();
    let other = desk.world.other_client.id.to_string();
    let first = open(&client).await.check_json(201);
    assert_eq!(first["created_by"]["username"], "client");
    let of_other = open(&other).await.check_json(201);
    assert_ne!(of_other["id"], first["id"]);
    let again = open(&client).await;
    assert_eq!(again.header("Idempotency-Replayed"), "true");
    assert_eq!(again.check_json(201)["id"], first["id"]);
}

/// contract: audit.key
#[tokio::test]
async fn the_audit_log_names_person_key_and_owner() {
    let desk = TestServer::start().await;
    let (id, token) = make(&desk.named("admin").await, "write", true).await;
    let program = desk.with_token(token);
    let client = desk.world.client.id.to_string();
    let ticket = json!({"title": "t", "description": "d"});
    let program = program.acting_for(&client);
    let made = program.post("/api/v1/tickets/", &ticket).await;
    let made = made.check_json(201);
    let superadmin = desk.named("superadmin").await;
    let log = superadmin.get("/api/v1/audit/?action=ticket.created").await;
    let entry = &log.check_json(200)[0];
    assert_eq!(entry["object_id"], made["id"]);
    assert_eq!(entry["actor"]["username"], "client");
    assert_eq!(entry["api_key"]["id"], id);
    assert_eq!(entry["api_key"]["name"], "CRM");
    assert_eq!(entry["api_key"]["user"]["username"], "admin");
    let log = superadmin
        .get("/api/v1/audit/?action=api_key.created")
        .await;
    let entry = &log.check_json(200)[0];
    assert_eq!(
        (&entry["object_id"], &entry["api_key"]),
        (&json!(id), &Value::Null)
    );
    assert_eq!(entry["detail"]["act_as"], "true");
}
