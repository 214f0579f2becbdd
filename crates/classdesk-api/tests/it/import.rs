//! People as JSON lines.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

const IMPORT: &str = "/api/v1/users/import/";

async fn import(client: &Client<'_>, media_type: &str, body: String) -> Answer {
    let complete = |request: reqwest::RequestBuilder| {
        let request = request.header("content-type", media_type.to_owned());
        request.body(body)
    };
    client.send(Method::POST, IMPORT, complete).await
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/jsonl");
    let text = answer.text();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// contract: users.import
#[tokio::test]
async fn people_are_imported_line_by_line_and_wrong_lines_do_not_stop_the_others() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let body = [
        r#"{"external_id": "1", "username": "anna", "email": "anna@x.example", "role": "client"}"#,
        "",
        r#"{"external_id": "2", "username": "a b", "role": "king"}"#,
        r#"{"external_id": "3", "username": "client", "email": "c@x.example", "role": "client"}"#,
        r#"{"external_id": "1", "username": "bert", "email": "bert@x.example", "role": "client"}"#,
        r#"{"external_id": "4", "username": "boss", "email": "boss@x.example", "role": "admin"}"#,
        "no JSON\r",
        r#"{"external_id": "5", "username": "eva", "email": "eva@x.example", "role": "writer"}"#,
    ];
    let body = body.join("\n");
    let answer = import(&admin, "application/jsonl", body.clone()).await;
    let told: Vec<_> = lines(&answer)
        .iter()
        .map(|line| {
            let errors = line["errors"].as_array().cloned().unwrap_or_default();
            let errors = errors.iter().map(|error| {
                let word = |name: &str| error[name].as_str().unwrap().to_owned();
                format!("{} {}", word("field"), word("code"))
            });
            let errors = errors.collect::<Vec<_>>().join(", ");
            assert_eq!(line["id"].is_i64(), errors.is_empty(), "{line}");
            format!("{} {} {errors}", line["line"], line["outcome"])
        })
        .collect();
    let expected = [
        "1 \"created\" ",
        "3 \"error\" username username, email required, role not_a_choice",
        "4 \"error\" username taken",
        "5 \"error\" external_id repeated",
        "6 \"error\" role forbidden",
        "7 \"error\" body malformed_json",
        "8 \"created\" ",
    ];
    assert_eq!(told, expected);

    let body = body.replace("eva@x", "eve@x");
    let again = lines(&import(&admin, "application/x-ndjson", body).await);
    let outcomes: Vec<_> = again.iter().map(|line| line["outcome"].clone()).collect();
    let changed = [
        "unchanged",
        "error",
        "error",
        "error",
        "error",
        "error",
        "updated",
    ];
    assert_eq!(outcomes, changed);
}

/// contract: users.import
#[tokio::test]
async fn an_import_is_bounded_and_for_managers_alone() {
    let desk = TestServer::start().await;
    let (admin, editor) = (desk.named("admin").await, desk.named("editor").await);
    let refused = import(&editor, "text/csv", "x".to_owned()).await;
    refused.check_problem(403, "forbidden");
    let other = import(&admin, "application/json", "{}".to_owned()).await;
    other.check_problem(415, "unsupported-media-type");
    let many = import(&admin, "application/jsonl", "x\n".repeat(10_001)).await;
    many.check_faults(&["body: too_many_lines"]);
    let large = import(&admin, "application/jsonl", " ".repeat(8 * 1024 * 1024 + 1)).await;
    large.check_problem(413, "too-large");
    let most = import(&admin, "application/jsonl", "x\n".repeat(10_000)).await;
    assert_eq!(lines(&most).len(), 10_000);
    let empty = import(&admin, "application/jsonl", String::new()).await;
    assert_eq!(lines(&empty), Vec::<Value>::new());
    let parameter = json!([]);
    let odd = admin.post(&format!("{IMPORT}?x=1"), &parameter).await;
    odd.check_faults(&["x: unknown_field"]);
}
