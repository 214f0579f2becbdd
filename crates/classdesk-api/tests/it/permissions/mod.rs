//! Every kind of asker at every endpoint: the exact status, and for whatever is hidden an answer
//! that can't be told from that of a thing that does not exist.

mod scene;
mod table;

use std::collections::BTreeSet;

use classdesk_domain::people::{Role, UserChange};
use futures_util::future::join_all;
use serde_json::json;

use crate::forms::{Form, announce};
use crate::harness::{Answer, Client, Desk};

use scene::{COLUMNS, Cast, Scene};
use table::{Body, Row};

async fn ask(client: &Client<'_>, row: &Row, fill: impl Fn(&str) -> String) -> Answer {
    client
        .send(row.method.clone(), &fill(row.path), |request| {
            match row.body {
                Body::Nothing => request,
                Body::Json(text) => request
                    .header("content-type", "application/json")
                    .body(fill(text)),
                Body::Form(file, texts) => {
                    let form = texts
                        .iter()
                        .fold(Form::new(), |form, (name, value)| form.text(name, value));
                    let form = form.file(file, "sheet.txt", b"what is in it");
                    announce(request).body(form.body())
                }
            }
        })
        .await
}

impl Row {
    /// All of a row that names things.
    fn text(&self) -> String {
        match self.body {
            Body::Json(body) => format!("{} {body}", self.path),
            Body::Nothing | Body::Form(..) => self.path.to_owned(),
        }
    }
}

/// Asks for every row and column, and collects what is not as the table says.
async fn check_rows(rows: &[Row]) {
    let desk = Desk::start().await;
    let cast = Cast::of(&desk).await;
    let dead = [desk.anonymous(), deactivated(&desk).await];
    let mut differences = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        for (column, expected) in row.expected.into_iter().enumerate() {
            let asker = cast.asker(column);
            let number = place * COLUMNS.len() + column;
            let scene = Scene::build(&desk, &cast, asker, number, &row.text()).await;
            let client = desk.client_of(asker).await;
            let what = format!("{} {} as {}", row.method, row.path, COLUMNS[column]);
            let missing = if expected == 404 {
                Some(ask(&client, row, |text| scene.fill_missing(text)).await)
            } else {
                None
            };
            let answer = ask(&client, row, |text| scene.fill(text)).await;
            if answer.status != expected {
                differences.push(format!("{what}: {} instead of {expected}", answer.status));
            }
            if missing.is_some_and(|missing| looks_of(&missing) != looks_of(&answer)) {
                differences.push(format!("{what}: hidden and missing differ"));
            }
        }
        for nobody in &dead {
            let answer = ask(nobody, row, |text| text.replace(['<', '>'], "")).await;
            answer.check_problem(401, "unauthenticated");
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Everything of an answer but its request id and its date.
fn looks_of(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let (status, body) = answer.without_request_id();
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| name != "x-request-id" && name != "date")
        .collect();
    // Their order is random, and says nothing.
    headers.sort_unstable();
    (status, body, headers)
}

/// Somebody whose token was alive until they were deactivated.
async fn deactivated(desk: &Desk) -> Client<'_> {
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

/// contract: perm.policy, perm.inactive, perm.hidden
#[tokio::test]
async fn people_at_every_endpoint() {
    check_rows(table::PEOPLE).await;
}

/// contract: perm.bundle.see, perm.bundle.change, perm.thread.create, perm.ticket.create
#[tokio::test]
async fn bundles_and_subjects_at_every_endpoint() {
    check_rows(table::BUNDLES).await;
}

/// contract: perm.file.upload, perm.file.see, perm.file.visibility, perm.file.change
#[tokio::test]
async fn files_at_every_endpoint() {
    check_rows(table::FILES).await;
}

/// contract: perm.thread.see, perm.thread.post, perm.thread.change, perm.thread.participants
/// contract: perm.message.change, perm.participant-party
#[tokio::test]
async fn threads_at_every_endpoint() {
    check_rows(table::THREADS).await;
}

/// contract: perm.ticket.create-free, perm.ticket.see, perm.ticket.internal, perm.ticket.write
/// contract: perm.ticket.close, perm.ticket.triage
#[tokio::test]
async fn tickets_at_every_endpoint() {
    check_rows(table::TICKETS).await;
}

#[tokio::test]
async fn what_is_public_needs_no_token() {
    let desk = Desk::start().await;
    let clients = [
        desk.anonymous(),
        deactivated(&desk).await,
        desk.named("client").await,
    ];
    for (path, status) in table::PUBLIC {
        let answers = join_all(clients.iter().map(|client| client.get(path))).await;
        for answer in answers {
            assert_eq!(answer.status, *status, "{path}");
        }
    }
    let login = desk
        .anonymous()
        .post("/api/v1/auth/login/", &json!({}))
        .await;
    login.check_problem(400, "validation");
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
    let tables = [
        table::PEOPLE,
        table::BUNDLES,
        table::FILES,
        table::THREADS,
        table::TICKETS,
    ];
    let rows = tables.into_iter().flatten();
    let mut asked: BTreeSet<_> = rows
        .map(|row| format!("{} {}", row.method, shape(row.path)))
        .collect();
    asked.extend(
        table::PUBLIC
            .iter()
            .map(|(path, _)| format!("GET {}", shape(path))),
    );
    asked.insert("POST /api/v1/auth/login/".to_owned());
    let lacking: Vec<_> = documented.difference(&asked).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// A path with all that varies left out.
fn shape(path: &str) -> String {
    let path = path.replace("/problems/not-found", "/problems/{slug}");
    let path = path.replace("/subjects/order/", "/subjects/*/");
    let path = path.replace("/subjects/class_bundle/", "/subjects/*/");
    let segments = path.split('/').map(|segment| {
        if segment.starts_with(['{', '<']) {
            "*"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}
