//! What every endpoint has in common.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::RequestHead;
use async_trait::async_trait;
use classdesk_api::Authenticator;
use classdesk_domain::error::Error;
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::FileId;
use classdesk_domain::people::{Actor, Principal, Role};
use classdesk_http::Gauge;
use classdesk_http::problem::ProblemKind;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::{Answer, TestServer};
use crate::outage::INTERNAL_TEXT;

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";

pub(crate) async fn get_with(desk: &TestServer, path: &str, name: &str, value: &str) -> Answer {
    desk.anonymous()
        .send(Method::GET, path, |request| request.header(name, value))
        .await
}

/// contract: conv.request-id
#[tokio::test]
async fn a_request_id_is_taken_if_it_is_sane_and_made_otherwise() {
    let desk = TestServer::start().await;
    let id = |answer: &Answer| answer.header("x-request-id").to_owned();
    let longest = "i".repeat(128);
    for sane in ["a", "An-ID_of.7", longest.as_str()] {
        let answer = get_with(&desk, "/nowhere/", "x-request-id", sane).await;
        assert_eq!(id(&answer), sane);
        answer.check_problem(404, "no-such-path");
    }
    let too_long = "i".repeat(129);
    for odd in ["", "a\tb", "ü", too_long.as_str()] {
        let answer = get_with(&desk, "/nowhere/", "x-request-id", odd).await;
        assert_ne!(id(&answer), odd);
        assert_eq!(id(&answer).len(), 32);
    }
    let (one, two) = (
        desk.anonymous().get("/healthz/live").await,
        desk.anonymous().get("/healthz/live").await,
    );
    assert_ne!(id(&one), id(&two));
}

/// contract: conv.errors.status
#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    for path in ["/api/v1/auth/me/", "/nowhere/", "/docs/", "/api/v1/users/"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        for closed in ["base-uri", "form-action", "frame-ancestors"] {
            assert!(policy.contains(&format!("; {closed} 'none'")), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    for (path, caching) in [
        ("/api/v1/auth/sessions/", "no-store"),
        // Kept by the client alone, and asked for anew each time.
        ("/api/v1/auth/me/", "private, no-cache"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("cache-control"), caching, "{path}");
    }
}

/// contract: slash
#[tokio::test]
async fn paths_are_served_with_and_without_their_last_slash() {
    let desk = TestServer::start().await;
    let client = desk.named("client").await;
    let bundle = format!("{BUNDLES}{}/", desk.world.bundle);
    let members = format!("{bundle}members/");
    for path in [
        "/api/v1/auth/me/",
        BUNDLES,
        &bundle,
        &members,
        "/docs/",
        "/healthz/live/",
    ] {
        for path in [path, path.trim_end_matches('/')] {
            let answer = client.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
        }
        let doubled = client.get(&format!("{path}/")).await;
        doubled.check_problem(404, "no-such-path");
    }
    let login = json!({"username": "client", "password": crate::harness::PASSWORD});
    let bare = desk.anonymous().post("/api/v1/auth/login", &login).await;
    bare.check_json(200);
}

/// contract: conv.errors.status, conv.errors.405
#[tokio::test]
async fn head_works_where_get_does_and_other_methods_are_405() {
    let desk = TestServer::start().await;
    let client = desk.named("admin").await;
    let bundle = format!("{BUNDLES}{}/", desk.world.bundle);
    for path in [
        "/api/v1/auth/me/",
        BUNDLES,
        &bundle,
        "/healthz/ready",
        "/api/v1/openapi.json",
    ] {
        let (get, head) = (
            client.get(path).await,
            client.send(Method::HEAD, path, |request| request).await,
        );
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    for (path, allow) in [
        (BUNDLES, "GET, HEAD, POST"),
        (bundle.as_str(), "GET, HEAD, PUT, PATCH"),
        ("/api/v1/auth/login/", "POST"),
        ("/api/v1/auth/sessions/1/", "DELETE"),
        ("/api/v1/subjects/order/1/", "GET, HEAD, PUT, DELETE"),
    ] {
        for method in ["OPTIONS", "TRACE", "BREW"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = client.send(method, path, |request| request).await;
            answer.check_problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), allow, "{path}");
        }
    }
}

/// contract: conv.lists.array, conv.lists.link
#[tokio::test]
async fn lists_are_arrays_and_link_their_next_page() {
    let desk = TestServer::start().await;
    for number in 0..4 {
        desk.add_user(&format!("pupil-{number}"), Role::Client)
            .await;
    }
    let editor = desk.named("editor").await;
    let mut path = "/api/v1/users/?q=pupil-&limit=3&role=client".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = editor.get(&path).await;
        let page = answer.check_json(200).as_array().unwrap().clone();
        pages.push(page.len());
        match answer.next_page() {
            Some(next) => {
                assert!(next.starts_with("/api/v1/users/?q=pupil-&limit=3&role=client&cursor="));
                path = next;
            }
            None => break,
        }
    }
    assert_eq!(pages, [3, 1]);
    let exactly = editor.get("/api/v1/users/?q=pupil-&limit=4").await;
    assert_eq!(exactly.next_page(), None);
    let bare = editor.get("/api/v1/users?limit=1").await;
    assert!(
        bare.next_page()
            .unwrap()
            .starts_with("/api/v1/users/?limit=1&cursor=")
    );
    let foreign = bare
        .next_page()
        .unwrap()
        .replace("/users/", "/class-management/class-bundles/");
    editor
        .get(&foreign)
        .await
        .check_faults(&["cursor: damaged_cursor"]);
}

/// contract: conv.lists.keyset
#[tokio::test]
async fn paging_skips_and_repeats_nothing_while_others_write() {
    let desk = TestServer::start().await;
    let world = &desk.world;
    let mut access = BTreeSet::new();
    for _ in 0..2_000 {
        let bundle = world.add_bundle(&*desk.store, world.client, None).await;
        access.insert(bundle.id.get());
    }
    access.insert(world.bundle.get());
    let editor = desk.named("editor").await;
    let mut seen = Vec::new();
    let mut path = format!("{BUNDLES}?limit=97");
    loop {
        let answer = editor.get(&path).await;
        let page = answer.check_json(200);
        seen.extend(
            page.as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_i64().unwrap()),
        );
        // Somebody else writes between any two pages.
        world
            .add_bundle(&*desk.store, world.other_client, None)
            .await;
        match answer.next_page() {
            Some(next) => path = next,
            None => break,
        }
    }
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "nothing twice");
    assert!(access.is_subset(&distinct), "nothing skipped");
}

/// contract: conv.lists.keyset, conv.lists.cost
#[tokio::test]
async fn two_thousand_files_are_paged_while_others_add_and_delete_at_one_cost_each_page() {
    let desk = TestServer::start().await;
    let (world, files) = (&desk.world, &desk.classdesk.files);
    let to_both = Visibility {
        to_client: true,
        to_writer: true,
    };
    let mut access = BTreeSet::new();
    for _ in 0..2_000 {
        let file = world.add_file(&*desk.store, world.writer, to_both).await;
        access.insert(file.id);
    }
    let client = desk.named("client").await;
    let (mut seen, mut costs) = (Vec::new(), Vec::new());
    let mut next = Some(format!("{BUNDLES}{}/files/?limit=97", world.bundle));
    while let Some(path) = next {
        let before = desk.store.calls();
        let answer = client.get(&path).await;
        costs.push(desk.store.calls() - before);
        let page = answer.check_json(200);
        let ids = page.as_array().unwrap().iter();
        seen.extend(ids.map(|item| FileId::new(item["id"].as_i64().unwrap())));
        next = answer.next_page();
        // Others add a file and delete the page's last one, one that was read long ago, and one
        // that is still to come.
        world.add_file(&*desk.store, world.writer, to_both).await;
        let last = *seen.last().unwrap();
        let to_come = access.range(..last).nth(50).copied();
        for gone in [Some(last), Some(seen[seen.len() - 50]), to_come] {
            if let Some(gone) = gone.filter(|gone| access.remove(gone)) {
                let deleted = files.delete(&world.admin, world.bundle, gone).await;
                deleted.unwrap();
            }
        }
    }
    assert!(
        seen.is_sorted_by(|a, b| a > b),
        "newest first, nothing twice"
    );
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert!(access.is_subset(&seen), "nothing skipped");
    assert!(
        costs.len() > 20 && costs.iter().all(|cost| *cost == costs[0]),
        "{costs:?}"
    );
}

/// contract: conv.errors.5xx, conv.errors.dependency, operations.ready
#[tokio::test]
async fn an_outage_is_503_without_a_word_of_what_is_inside() {
    let desk = TestServer::start().await;
    desk.blobs.take_down();
    let answer = desk.anonymous().get("/healthz/ready").await;
    answer.check_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!answer.text().contains(INTERNAL_TEXT));
    desk.anonymous().get("/healthz/live").await.check_json(200);
}

/// Lets everybody in as the same person, fails, or waits.
pub(crate) struct Doorkeeper {
    actor: Actor,
    pub(crate) entered: Notify,
    pub(crate) open: Notify,
}

#[async_trait]
impl Authenticator for Doorkeeper {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        match head
            .headers()
            .get("x-do")
            .map(|value| value.to_str().unwrap())
        {
            Some("panic") => panic!("a secret of the doorkeeper"),
            Some("wait") => {
                self.entered.notify_one();
                self.open.notified().await;
            }
            Some(_) | None => {}
        }
        Ok(self.actor.into())
    }
}

async fn desk_with_doorkeeper() -> (TestServer, Arc<Doorkeeper>) {
    guarded_desk(|settings| settings.max_concurrent_requests = 1).await
}

/// A desk with a doorkeeper and other settings.
pub(crate) async fn guarded_desk(
    settings: impl FnOnce(&mut classdesk_http::Settings),
) -> (TestServer, Arc<Doorkeeper>) {
    // The world's ids do not depend on the run.
    let probe = TestServer::start().await;
    let keeper = Arc::new(Doorkeeper {
        actor: probe.world.client,
        entered: Notify::new(),
        open: Notify::new(),
    });
    let desk = TestServer::with(|_| {}, settings, |api| api.authenticator(keeper.clone())).await;
    (desk, keeper)
}

/// contract: conv.errors.5xx
#[tokio::test]
async fn a_panic_is_a_problem_document_and_the_server_goes_on() {
    let (desk, _keeper) = desk_with_doorkeeper().await;
    for _ in 0..3 {
        let answer = get_with(&desk, "/api/v1/auth/me/", "x-do", "panic").await;
        answer.check_problem(500, "internal");
        assert!(!answer.text().contains("secret"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    desk.anonymous()
        .get("/api/v1/auth/me/")
        .await
        .check_json(200);
}

/// contract: conv.errors.status, conv.errors.shed
#[tokio::test]
async fn load_beyond_the_limit_is_shed_but_health_is_answered() {
    let (desk, keeper) = desk_with_doorkeeper().await;
    let waiting = get_with(&desk, "/api/v1/auth/me/", "x-do", "wait");
    let others = async {
        keeper.entered.notified().await;
        let shed = desk.anonymous().get("/api/v1/auth/me/").await;
        shed.check_problem(503, "overloaded");
        assert_eq!(shed.header("retry-after"), "1");
        desk.anonymous().get("/healthz/live").await.check_json(200);
        assert_eq!(desk.anonymous().get("/metrics").await.status, 200);
        keeper.open.notify_one();
    };
    let (waited, ()) = tokio::join!(waiting, others);
    waited.check_json(200);
    desk.anonymous()
        .get("/api/v1/auth/me/")
        .await
        .check_json(200);
}

#[tokio::test]
async fn a_host_with_its_own_sign_in_has_none_of_ours() {
    let (desk, _keeper) = desk_with_doorkeeper().await;
    let me = desk
        .anonymous()
        .get("/api/v1/auth/me/")
        .await
        .check_json(200);
    assert_eq!(me["username"], "client");
    for path in [
        "login",
        "logout",
        "logout_all",
        "change_password",
        "reset_password",
        "sessions",
    ] {
        let answer = desk
            .anonymous()
            .post(&format!("/api/v1/auth/{path}/"), &json!({}))
            .await;
        answer.check_problem(404, "no-such-path");
    }
}

/// contract: operations.metrics
#[tokio::test]
async fn a_host_adds_figures_and_can_serve_them_elsewhere() {
    let gauge = Gauge::new("classdesk_write_queue_jobs", "Jobs that wait", || 7.0);
    let desk = TestServer::with(|_| {}, |_| {}, |api| api.gauge(gauge)).await;
    let text = desk.anonymous().get("/metrics").await.text();
    assert!(
        text.contains("# TYPE classdesk_write_queue_jobs gauge"),
        "{text}"
    );
    assert!(text.contains("classdesk_write_queue_jobs 7.0"), "{text}");
    let elsewhere = TestServer::with(|_| {}, |_| {}, |api| api.serves_metrics(false)).await;
    elsewhere
        .anonymous()
        .get("/metrics")
        .await
        .check_problem(404, "no-such-path");
}

/// contract: conv.errors.document
#[tokio::test]
async fn every_problem_type_can_be_read() {
    let desk = TestServer::start().await;
    let mut slugs = BTreeSet::new();
    for kind in ProblemKind::ALL {
        assert!(slugs.insert(kind.slug()), "a type of its own");
        let about = desk
            .anonymous()
            .get(&kind.type_path())
            .await
            .check_json(200);
        assert_eq!(about["type"], kind.type_path());
        assert_eq!(about["status"], kind.status().as_u16());
    }
    desk.anonymous()
        .get("/problems/nonsense")
        .await
        .check_problem(404, "not-found");
}

/// contract: docs-page
#[tokio::test]
async fn the_docs_page_loads_nothing_from_elsewhere() {
    let desk = TestServer::start().await;
    for path in ["/docs/", "/docs", "/docs/docs.js", "/docs/docs.css"] {
        let answer = desk.anonymous().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !answer.text().contains("//cdn") && !answer.text().contains("https://"),
            "{path}"
        );
    }
    let page = desk.anonymous().get("/docs/").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self';")
    );
    assert!(!page.text().contains("<script>") && !page.text().contains("style="));
}

/// contract: openapi
#[tokio::test]
async fn the_document_is_complete_and_true_to_the_routes() {
    let desk = TestServer::start().await;
    let document = desk
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .check_json(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(
        document.to_string(),
        serde_json::from_str::<Value>(&classdesk_api::openapi())
            .unwrap()
            .to_string()
    );
    let mut operation_ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut methods = Vec::new();
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            methods.push(method.to_uppercase());
            check_operation(&place, operation);
            for (status, response) in operation["responses"].as_object().unwrap() {
                let described = match response["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]),
                    None => Some(response),
                };
                let text = described.and_then(|response| response["description"].as_str());
                assert!(text.is_some(), "{place}: {status}");
            }
            assert!(
                operation_ids.insert(operation["operationId"].to_string()),
                "{place}"
            );
        }
        if methods.iter().any(|method| method == "GET") {
            methods.push("HEAD".to_owned());
        }
        let probe = path
            .replace("{content_type}", "order")
            .replace(['{', '}'], "");
        let answer = desk
            .anonymous()
            .send(Method::OPTIONS, &probe, |request| request)
            .await;
        answer.check_problem(405, "method-not-allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
        allowed.sort_unstable();
        methods.sort_unstable();
        assert_eq!(allowed, methods, "{path}");
    }
    assert!(operation_ids.len() >= 50, "{}", operation_ids.len());
}

fn check_operation(place: &str, operation: &Value) {
    for name in ["summary", "description", "operationId"] {
        assert!(
            operation[name]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{place}: {name}"
        );
    }
    assert!(operation["security"].is_array(), "{place}: security");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let described = parameter["description"].is_string() && parameter["schema"].is_object();
        assert!(described, "{place}: {parameter}");
    }
    let responses = operation["responses"].as_object().unwrap();
    assert!(
        responses.keys().any(|status| status.starts_with('2')),
        "{place}"
    );
    for status in ["500", "503"] {
        assert!(responses.contains_key(status), "{place}: {status}");
    }
    let is_public = operation["security"] == json!([{}]);
    assert_eq!(
        responses.contains_key("401"),
        !is_public || place.contains("login"),
        "{place}"
    );
}

/// contract: conv.limits
#[tokio::test]
async fn a_slow_body_is_answered_and_does_not_hold_its_place() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let desk = TestServer::with(
        |_| {},
        |settings| settings.body_timeout = Duration::from_millis(50),
        |api| api,
    )
    .await;
    let address = desk.origin.strip_prefix("http://").unwrap();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\n\
        content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"user";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), "HTTP/1.1 408");
}
