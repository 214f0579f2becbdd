//! Setting one's password by a link.

use classdesk_domain::people::{AccessToken, Email, Invited, NewUser, Role, Username};
use serde_json::{Value, json};

use crate::harness::TestServer;

const RESET: &str = "/api/v1/auth/reset_password/";
const PASSWORD: &str = "staple that is new";

async fn invite(desk: &TestServer) -> String {
    let username = Username::parse("guest").unwrap();
    let email = Email::parse("guest@example.com").unwrap();
    let new = NewUser::new(username, email, Role::Client);
    match desk.classdesk.admin_commands.invite(new).await.unwrap() {
        Invited::Link { token, .. } => token.expose(),
        other => panic!("{other:?}"),
    }
}

fn body(token: &str, password: &str) -> Value {
    json!({"token": token, "new_password": password})
}

/// contract: auth.reset-password
#[tokio::test]
async fn a_link_sets_a_password_once_and_needs_no_sign_in() {
    let desk = TestServer::start().await;
    let nobody = desk.anonymous();
    let token = invite(&desk).await;
    let refused = nobody.post(RESET, &body(&token, "short")).await;
    let problem = refused.check_problem(400, "validation");
    assert_eq!(problem["errors"][0]["field"], "new_password");
    nobody
        .post(RESET, &body(&token, PASSWORD))
        .await
        .check_no_content();
    let login = json!({"username": "guest", "password": PASSWORD});
    let entered = nobody.post("/api/v1/auth/login/", &login).await;
    assert_eq!(entered.check_json(200)["user"]["username"], "guest");
}

/// A link that was used, was replaced or never was looks the same, whatever the password is.
///
/// contract: auth.reset-password.dead
#[tokio::test]
async fn every_dead_link_is_not_found() {
    let desk = TestServer::start().await;
    let nobody = desk.anonymous();
    let replaced = invite(&desk).await;
    let used = invite(&desk).await;
    nobody
        .post(RESET, &body(&used, PASSWORD))
        .await
        .check_no_content();
    let never = AccessToken::from_bytes([1; 32]).expose();
    let mut answers = Vec::new();
    for token in [&replaced, &used, &never, "no token"] {
        for password in [PASSWORD, "short"] {
            let answer = nobody.post(RESET, &body(token, password)).await;
            answer.check_problem(404, "not-found");
            answers.push(answer.without_request_id());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn the_body_is_checked() {
    let desk = TestServer::start().await;
    let nobody = desk.anonymous();
    let wrong = json!({"token": 7, "password": PASSWORD});
    let problem = nobody.post(RESET, &wrong).await;
    let problem = problem.check_problem(400, "validation");
    let mut fields: Vec<_> = problem["errors"].as_array().unwrap().iter().collect();
    fields.sort_by_key(|error| error["field"].to_string());
    let fields: Vec<_> = fields.iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["new_password", "password", "token"]);
    let token = invite(&desk).await;
    let session = desk.named("client").await;
    let answer = nobody.post(RESET, &body(session.token(), PASSWORD)).await;
    answer.check_problem(404, "not-found");
    let entered = desk.with_token(&token).get("/api/v1/auth/me/").await;
    entered.check_problem(401, "unauthenticated");
}
