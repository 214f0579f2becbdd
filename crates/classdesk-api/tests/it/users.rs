//! People.

use classdesk_domain::people::Role;
use serde_json::{Value, json};

use crate::harness::{NAMES, PASSWORD, TestServer};

const USERS: &str = "/api/v1/users/";

fn usernames(list: &Value) -> Vec<&str> {
    let people = list.as_array().unwrap().iter();
    people
        .map(|user| user["username"].as_str().unwrap())
        .collect()
}

/// contract: users.list
#[tokio::test]
async fn staff_list_people_by_role_activity_and_text() {
    let desk = TestServer::start().await;
    let editor = desk.named("editor").await;
    let check = async |query: &str, expected: &[&str]| {
        let list = editor.get(&format!("{USERS}{query}")).await.check_json(200);
        assert_eq!(usernames(&list), expected, "{query}");
    };
    check("", &NAMES).await;
    check("?role=writer", &["writer", "other_writer"]).await;
    check("?q=OTHER_", &["other_client", "other_writer"]).await;
    check("?q=editor%40example", &["editor"]).await;
    check("?role=client&q=other", &["other_client"]).await;
    check("?is_active=false", &[]).await;
    let admin = desk.named("admin").await;
    let path = format!("{USERS}{}/", desk.world.writer.id);
    admin
        .patch(&path, &json!({"is_active": false}))
        .await
        .check_json(200);
    check("?is_active=false", &["writer"]).await;
    check("?is_active=true&role=writer", &["other_writer"]).await;

    let client = desk.named("client").await;
    client.get(USERS).await.check_problem(403, "forbidden");
    let unauthorized = client.get(&format!("{USERS}?limit=0&role=king")).await;
    unauthorized.check_problem(403, "forbidden");
    editor
        .get(&format!(
            "{USERS}?limit=0&role=king&is_active=yes&q=&sort=id"
        ))
        .await
        .check_faults(&[
            "limit: out_of_range",
            "role: not_a_choice",
            "is_active: wrong_type",
            "q: blank",
            "sort: unknown_field",
        ]);
}

fn new_person(username: &str, role: &str) -> Value {
    let email = format!("{username}@example.com");
    json!({"username": username, "email": email, "role": role, "password": PASSWORD})
}

/// contract: users.create
#[tokio::test]
async fn admins_create_people_of_the_roles_that_they_manage() {
    let desk = TestServer::start().await;
    for (by, role, status) in [
        ("admin", "client", 201),
        ("admin", "writer", 201),
        ("admin", "editor", 201),
        ("admin", "admin", 403),
        ("admin", "superadmin", 403),
        ("superadmin", "admin", 201),
        ("superadmin", "superadmin", 201),
        ("editor", "client", 403),
        ("client", "client", 403),
        ("writer", "client", 403),
    ] {
        let body = new_person(&format!("{by}-{role}"), role);
        let answer = desk.named(by).await.post(USERS, &body).await;
        assert_eq!(answer.status, status, "{by} {role}");
    }
    let admin = desk.named("admin").await;
    let body = json!({
        "username": " New.Person ", "email": "New@Example.COM", "display_name": "  Nina  ",
        "role": "client", "password": PASSWORD,
    });
    let created = admin.post(USERS, &body).await.check_json(201);
    assert_eq!(created["username"], "new.person");
    assert_eq!(created["email"], "new@example.com");
    assert_eq!(created["display_name"], "Nina");
    assert_eq!(created["last_login_at"], Value::Null);
    let login = json!({"username": "new@example.com", "password": PASSWORD});
    desk.anonymous()
        .post("/api/v1/auth/login/", &login)
        .await
        .check_json(200);

    let taken = admin.post(USERS, &new_person("new.person", "client")).await;
    let problem = taken.check_problem(409, "username-taken");
    assert_eq!(problem["errors"][0]["field"], "username");
    let mut same_address = new_person("somebody", "client");
    same_address["email"] = json!("NEW@example.com");
    let problem = admin
        .post(USERS, &same_address)
        .await
        .check_problem(409, "email-taken");
    assert_eq!(problem["errors"][0]["field"], "email");
}

/// contract: users.no-password
#[tokio::test]
async fn a_person_without_a_password_can_not_sign_in_with_any() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let mut body = new_person("guest", "client");
    body.as_object_mut().unwrap().remove("password");
    let created = admin.post(USERS, &body).await.check_json(201);
    let sign_in = async |password: &str| {
        let login = json!({"username": "guest", "password": password});
        desk.anonymous().post("/api/v1/auth/login/", &login).await
    };
    let wrong = json!({"username": "admin", "password": "a wrong password"});
    let wrong = desk.anonymous().post("/api/v1/auth/login/", &wrong).await;
    let refused = sign_in(PASSWORD).await;
    refused.check_problem(401, "wrong-credentials");
    assert_eq!(refused.without_request_id(), wrong.without_request_id());
    let path = format!("{USERS}{}/", created["id"]);
    let given = json!({"password": PASSWORD});
    admin.patch(&path, &given).await.check_json(200);
    sign_in(PASSWORD).await.check_json(200);
}

#[tokio::test]
async fn all_faults_of_a_new_person_are_told_at_once() {
    let desk = TestServer::start().await;
    let admin = desk.named("admin").await;
    let body = json!({
        "username": "a b", "email": "nowhere", "role": "king", "password": "passwordpassword",
        "display_name": null, "age": 3,
    });
    admin.post(USERS, &body).await.check_faults(&[
        "username: username",
        "email: email",
        "role: not_a_choice",
        "password: common_password",
        "display_name: wrong_type",
        "age: unknown_field",
    ]);
    let mut own_name = new_person("somebody", "client");
    own_name["password"] = json!("i am SOMEBODY else");
    let answer = admin.post(USERS, &own_name).await;
    answer.check_faults(&["password: password_contains_username"]);
    let faulty_from_someone_without_right = desk.named("client").await;
    let answer = faulty_from_someone_without_right.post(USERS, &body).await;
    answer.check_problem(403, "forbidden");
}

/// contract: users.one, users.change
#[tokio::test]
async fn people_see_and_change_what_is_theirs_to_change() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let path = |actor: classdesk_domain::people::Actor| format!("{USERS}{}/", actor.id);
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let (admin, superadmin) = (desk.named("admin").await, desk.named("superadmin").await);

    client.get(&path(world.client)).await.check_json(200);
    editor.get(&path(world.client)).await.check_json(200);
    let hidden = client.get(&path(world.writer)).await;
    hidden.check_problem(404, "not-found");
    let missing = client.get(&format!("{USERS}999999/")).await;
    assert_eq!(hidden.without_request_id(), missing.without_request_id());

    let own = json!({"display_name": "Clara", "email": "clara@example.com"});
    let changed = client
        .patch(&path(world.client), &own)
        .await
        .check_json(200);
    assert_eq!(changed["display_name"], "Clara");
    assert_eq!(changed["email"], "clara@example.com");
    let check = async |by: &crate::harness::Client<'_>, of, body: Value, status: u16| {
        let answer = by.patch(&path(of), &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    };
    check(&admin, world.client, json!({"display_name": "X"}), 200).await;
    check(&editor, world.client, json!({"display_name": "X"}), 403).await;
    check(&client, world.client, json!({"username": "x.y"}), 403).await;
    check(&client, world.client, json!({"external_id": "7"}), 403).await;
    let zone = json!({"language": "de", "time_zone": "Europe/Berlin"});
    check(&client, world.client, zone, 200).await;
    check(&client, world.client, json!({"language": "tlh"}), 400).await;
    check(
        &client,
        world.client,
        json!({"time_zone": "Mars/Tharsis"}),
        400,
    )
    .await;
    check(&client, world.client, json!({"role": "admin"}), 403).await;
    check(&client, world.client, json!({"is_active": false}), 403).await;
    check(&client, world.writer, json!({"display_name": "X"}), 404).await;
    check(&client, world.writer, json!({"display_name": 1}), 404).await;
    check(&editor, world.client, json!({"is_active": false}), 403).await;
    check(&admin, world.writer, json!({"role": "admin"}), 403).await;
    check(&admin, world.superadmin, json!({"is_active": false}), 403).await;
    check(&superadmin, world.writer, json!({"role": "editor"}), 200).await;
    check(&admin, world.editor, json!({"email": "x@example.com"}), 200).await;
    check(&admin, world.admin, json!({"username": "x.y"}), 403).await;
    check(
        &client,
        world.client,
        json!({"email": "admin@example.com"}),
        409,
    )
    .await;
    check(&client, world.client, json!({}), 200).await;
    check(
        &client,
        world.client,
        json!({"email": null, "is_active": "no"}),
        400,
    )
    .await;
}

/// contract: conv.auth.death
#[tokio::test]
async fn a_password_set_by_an_admin_ends_the_sessions() {
    let desk = TestServer::start().await;
    let person = desk.add_user("forgetful", Role::Client).await;
    let (session, admin) = (desk.client_of(person).await, desk.named("admin").await);
    let path = format!("{USERS}{}/", person.id);
    let body = json!({"password": "another good password"});
    admin.patch(&path, &body).await.check_json(200);
    session
        .get("/api/v1/auth/me/")
        .await
        .check_problem(401, "unauthenticated");
    let login = json!({"username": "forgetful", "password": "another good password"});
    desk.anonymous()
        .post("/api/v1/auth/login/", &login)
        .await
        .check_json(200);
}
