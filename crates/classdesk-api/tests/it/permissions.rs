//! Every cell of the permission table, which was written from the contract, on the store in memory.

use std::collections::BTreeSet;

use classdesk_domain::people::{Role, UserChange};
use classdesk_system_tests::permissions::{TABLE, Table, Target, differences};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Client, PASSWORD, TestServer};

/// What differs from a table about these kinds of objects.
async fn differences_from(table: &str, kinds: &[&str]) -> Vec<String> {
    let desk = TestServer::start().await;
    let target = Target {
        url: desk.origin.clone(),
        username: "superadmin".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let table = Table::parse(table).unwrap();
    differences(&target, &table, kinds).await.unwrap()
}

async fn check_kinds(kinds: &[&str]) {
    let differences = differences_from(TABLE, kinds).await;
    assert!(differences.is_empty(), "{differences:#?}");
}

/// contract: perm.policy, perm.inactive, perm.hidden
#[tokio::test]
async fn people_at_every_endpoint() {
    check_kinds(&["nothing", "person"]).await;
}

/// contract: webhooks.manage
#[tokio::test]
async fn webhooks_at_every_endpoint() {
    check_kinds(&["webhook"]).await;
}

/// contract: perm.bundle.see, perm.bundle.change, perm.thread.create, perm.ticket.create
#[tokio::test]
async fn bundles_and_subjects_at_every_endpoint() {
    check_kinds(&["bundle", "order"]).await;
}

/// contract: perm.file.upload, perm.file.see, perm.file.visibility, perm.file.change
#[tokio::test]
async fn files_at_every_endpoint() {
    check_kinds(&["file"]).await;
}

/// contract: perm.thread.see, perm.thread.post, perm.thread.change, perm.thread.participants
/// contract: perm.message.change, perm.participant-party
#[tokio::test]
async fn threads_at_every_endpoint() {
    check_kinds(&["thread", "message"]).await;
}

/// contract: perm.ticket.create-free, perm.ticket.see, perm.ticket.internal, perm.ticket.write
/// contract: perm.ticket.close, perm.ticket.triage, perm.ticket.delete-content
#[tokio::test]
async fn tickets_at_every_endpoint() {
    check_kinds(&["ticket", "ticket_note", "ticket_attachment"]).await;
}

/// A comparison that never fails would prove nothing.
#[tokio::test]
async fn a_cell_that_is_changed_is_a_difference() {
    let (before, after) = TABLE.split_once("\"GET /api/v1/audit/\"").unwrap();
    let after = after.replacen("403", "200", 1);
    let changed = format!("{before}\"GET /api/v1/audit/\"{after}");
    let differences = differences_from(&changed, &["nothing"]).await;
    assert!(!differences.is_empty());
    for difference in differences {
        assert!(
            difference.contains("«read the audit log»") && difference.contains("client"),
            "{difference}"
        );
    }
}

/// What needs no token.
const PUBLIC: [(&str, u16); 7] = [
    ("/healthz/live", 200),
    ("/healthz/ready", 200),
    ("/metrics", 200),
    ("/api/v1/openapi.json", 200),
    ("/docs/", 200),
    ("/problems/not-found", 200),
    ("/api/v1/links/", 404),
];

/// What ends the session that asks, or counts as a failed login. The table would be cut off by it.
const OWN_SESSION: [(Method, &str); 4] = [
    (Method::POST, "/api/v1/auth/logout/"),
    (Method::POST, "/api/v1/auth/logout_all/"),
    (Method::POST, "/api/v1/auth/change_password/"),
    (Method::DELETE, "/api/v1/auth/sessions/{id}/"),
];

/// Somebody whose token was alive until they were deactivated.
async fn deactivated(desk: &TestServer) -> Client<'_> {
    let person = desk.add_user("leaver", Role::Superadmin).await;
    let client = desk.client_of(person).await;
    let change = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let users = &desk.classdesk.users;
    users
        .change(&desk.world.superadmin, person.id, change)
        .await
        .unwrap();
    client
}

#[tokio::test]
async fn what_is_public_needs_no_token() {
    let desk = TestServer::start().await;
    let clients = [
        desk.anonymous(),
        deactivated(&desk).await,
        desk.named("client").await,
    ];
    for (path, status) in PUBLIC {
        let answers = join_all(clients.iter().map(|client| client.get(path))).await;
        for answer in answers {
            assert_eq!(answer.status, status, "{path}");
        }
    }
    let login = desk
        .anonymous()
        .post("/api/v1/auth/login/", &json!({}))
        .await;
    login.check_problem(400, "validation");
    let link = json!({"token": "none", "new_password": "staple that is new"});
    for client in clients {
        let answer = client.post("/api/v1/auth/reset_password/", &link).await;
        answer.check_problem(404, "not-found");
    }
}

/// contract: perm.inactive
#[tokio::test]
async fn everybody_ends_sessions_of_their_own_alone() {
    let desk = TestServer::start().await;
    let superadmin = desk.named("superadmin").await;
    let sessions = superadmin
        .get("/api/v1/auth/sessions/?limit=1")
        .await
        .check_json(200);
    let anothers = format!("/api/v1/auth/sessions/{}/", sessions[0]["id"]);
    let wrong = json!({
        "current_password": "not the one", "new_password": "staple that is new",
    });
    for name in ["admin", "editor", "client", "writer"] {
        let client = desk.named(name).await;
        let anothers = client.delete(&anothers).await;
        assert_eq!(anothers.status, 404, "{name}");
        let refused = client.post("/api/v1/auth/change_password/", &wrong).await;
        assert_eq!(refused.status, 400, "{name}");
        for path in ["/api/v1/auth/logout/", "/api/v1/auth/logout_all/"] {
            let client = desk.named(name).await;
            let ended = client.post(path, &json!(null)).await;
            assert_eq!(ended.status, 204, "{name} at {path}");
        }
    }
    for nobody in [desk.anonymous(), deactivated(&desk).await] {
        for (method, path) in OWN_SESSION {
            let path = path.replace("{id}", "1");
            let answer = nobody.send(method, &path, |request| request).await;
            answer.check_problem(401, "unauthenticated");
        }
    }
}

/// A new endpoint has to be added to the table.
#[test]
fn the_table_has_every_operation() {
    let document: serde_json::Value = serde_json::from_str(&classdesk_api::openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{} {}", method.to_uppercase(), shape(path)));
        }
    }
    let table = Table::parse(TABLE).unwrap();
    let mut asked: BTreeSet<_> = table
        .requests()
        .map(|(method, path)| format!("{method} {}", shape(path)))
        .collect();
    let public = PUBLIC
        .iter()
        .map(|(path, _)| format!("GET {}", shape(path)));
    let own = OWN_SESSION
        .iter()
        .map(|(method, path)| format!("{method} {}", shape(path)));
    asked.extend(public.chain(own));
    for public in ["login", "reset_password"] {
        asked.insert(format!("POST /api/v1/auth/{public}/"));
    }
    let lacking: Vec<_> = documented.difference(&asked).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// A path with all that varies left out.
fn shape(path: &str) -> String {
    let path = path.replace("/problems/not-found", "/problems/{slug}");
    let path = path.replace("/subjects/order/", "/subjects/*/");
    let segments = path.split('/').map(|segment| {
        if segment.starts_with('{') || segment.starts_with("ext:") {
            "*"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}
