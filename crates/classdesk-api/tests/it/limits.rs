//! Limits of requests and bodies, and what must not use them up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use async_trait::async_trait;
use classdesk_api::Api;
use classdesk_domain::people::{
    HashRequester, PasswordHash, PasswordHashError, PasswordHasher, Verification,
};
use classdesk_domain::{App, Ports};
use classdesk_http::{PublicUrl, Settings};
use classdesk_memory::{PlainHasher, SeededSecrets};
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::conventions::{get_with, guarded_desk};
use crate::forms::BOUNDARY;
use crate::harness::{PASSWORD, PUBLIC_URL, TestServer, WorldClock, start_server};
use crate::uploads::upload_path;

const ME: &str = "/api/v1/auth/me/";
const LOGIN: &str = "/api/v1/auth/login/";

/// A desk where one request is worked on at once.
async fn narrow_desk() -> TestServer {
    TestServer::with(
        |_| {},
        |settings| settings.max_concurrent_requests = 1,
        |api| api,
    )
    .await
}

/// Long enough for a request to arrive, and far shorter than it may wait.
const SHORT: Duration = Duration::from_millis(100);

/// A figure of the metrics; 0 as long as there is none.
async fn figure(desk: &TestServer, name: &str) -> f64 {
    let text = desk.anonymous().get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |rest| rest.trim().parse().unwrap())
}

/// Waits until a body arrives, of a request that is not worked on.
async fn until_a_body_arrives(desk: &TestServer) {
    desk.eventually(async || {
        figure(desk, "classdesk_bodies_arriving").await == 1.0
            && figure(desk, "classdesk_requests_in_progress").await == 0.0
    })
    .await;
}

async fn send(desk: &TestServer, text: &str) -> TcpStream {
    let mut socket = desk.connect().await;
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

async fn status(socket: &mut TcpStream) -> String {
    let mut head = [0; 12];
    socket.read_exact(&mut head).await.unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

/// contract: conv.errors.shed
#[tokio::test]
async fn a_request_without_a_permit_is_shed_but_health_is_answered() {
    let (desk, keeper) = guarded_desk(|settings| settings.max_concurrent_requests = 1).await;
    let waiting = get_with(&desk, ME, "x-do", "wait");
    let others = async {
        keeper.entered.notified().await;
        assert_eq!(figure(&desk, "classdesk_requests_in_progress").await, 1.0);
        let shed = desk.anonymous().get(ME).await;
        shed.check_problem(503, "overloaded");
        assert_eq!(shed.header("retry-after"), "1");
        desk.anonymous().get("/healthz/live").await.check_json(200);
        let counted = "classdesk_requests_shed_total{limit=\"concurrent_requests\"}";
        assert_eq!(figure(&desk, counted).await, 1.0);
        keeper.open.notify_one();
    };
    let (waited, ()) = tokio::join!(waiting, others);
    waited.check_json(200);
    // The one that was shed has left nothing behind.
    desk.anonymous().get(ME).await.check_json(200);
    assert_eq!(figure(&desk, "classdesk_requests_in_progress").await, 0.0);
}

#[tokio::test]
async fn a_request_that_waits_for_a_moment_is_served() {
    let (desk, keeper) = guarded_desk(|settings| settings.max_concurrent_requests = 1).await;
    let waiting = get_with(&desk, ME, "x-do", "wait");
    let client = desk.anonymous();
    let other = async {
        keeper.entered.notified().await;
        let (answer, ()) = tokio::join!(client.get(ME), async {
            tokio::time::sleep(SHORT).await;
            keeper.open.notify_one();
        });
        answer.check_json(200);
    };
    tokio::join!(waiting, other).0.check_json(200);
}

#[tokio::test]
async fn a_permit_is_free_again_after_a_panic() {
    let (desk, _keeper) = guarded_desk(|settings| settings.max_concurrent_requests = 1).await;
    for _ in 0..2 {
        let answer = get_with(&desk, ME, "x-do", "panic").await;
        answer.check_problem(500, "internal");
    }
    desk.anonymous().get(ME).await.check_json(200);
}

#[tokio::test]
async fn a_permit_is_free_again_when_the_client_hangs_up() {
    let (desk, keeper) = guarded_desk(|settings| settings.max_concurrent_requests = 1).await;
    let request = format!("GET {ME} HTTP/1.1\r\nhost: x\r\nx-do: wait\r\n\r\n");
    let served = send(&desk, &request).await;
    keeper.entered.notified().await;
    let waiting = send(&desk, &request).await;
    tokio::time::sleep(SHORT).await;
    for socket in [waiting, served] {
        socket.set_zero_linger().unwrap();
    }
    desk.eventually(async || figure(&desk, "classdesk_requests_in_progress").await == 0.0)
        .await;
    desk.anonymous().get(ME).await.check_json(200);
}

#[tokio::test]
async fn a_slow_body_holds_no_permit() {
    let desk = narrow_desk().await;
    let client = desk.named("client").await;
    let body = json!({"username": "client", "password": PASSWORD}).to_string();
    let (begin, end) = body.split_at(5);
    let head = format!(
        "POST {LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{begin}",
        body.len()
    );
    let mut socket = send(&desk, &head).await;
    until_a_body_arrives(&desk).await;
    client.get(ME).await.check_json(200);
    socket.write_all(end.as_bytes()).await.unwrap();
    assert_eq!(status(&mut socket).await, "200");
}

#[tokio::test]
async fn a_slow_upload_holds_no_permit() {
    let desk = narrow_desk().await;
    let client = desk.named("client").await;
    let part = "content-disposition: form-data; name=\"file\"; filename=\"a\"";
    let begin = format!("--{BOUNDARY}\r\n{part}\r\n\r\nbegin");
    let end = format!("end\r\n--{BOUNDARY}--\r\n");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\n\
         content-length: {}\r\n\r\n{begin}",
        upload_path(&desk),
        client.token(),
        begin.len() + end.len(),
    );
    let mut socket = send(&desk, &head).await;
    until_a_body_arrives(&desk).await;
    client.get(ME).await.check_json(200);
    socket.write_all(end.as_bytes()).await.unwrap();
    assert_eq!(status(&mut socket).await, "201");
}

/// Checks passwords only once somebody lets it.
#[derive(Default)]
struct BusyHasher {
    plain: PlainHasher,
    is_full: AtomicBool,
    begun: Notify,
    go_on: Notify,
}

#[async_trait]
impl PasswordHasher for BusyHasher {
    async fn hash(
        &self,
        requester: HashRequester,
        password: String,
    ) -> Result<PasswordHash, PasswordHashError> {
        self.plain.hash(requester, password).await
    }

    fn is_busy(&self, _: HashRequester) -> bool {
        self.is_full.load(Ordering::SeqCst)
    }

    async fn verify(
        &self,
        requester: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        if self.is_busy(requester) {
            return Err(PasswordHashError::Busy);
        }
        self.begun.notify_one();
        self.go_on.notified().await;
        self.plain.verify(requester, password, hash).await
    }
}

/// A desk with this hasher where one request is worked on at once, and the token of its client.
async fn desk_with(hasher: &Arc<BusyHasher>) -> (TestServer, ServerHandle, String) {
    let mut desk = TestServer::start().await;
    let token = desk.named("client").await.token().to_owned();
    let ports = Ports::new(
        desk.store.clone(),
        desk.blobs.clone(),
        hasher.clone(),
        Arc::new(WorldClock(desk.world.clone())),
        Arc::new(SeededSecrets::new(2)),
    );
    let classdesk = App::new(ports, classdesk_domain::Settings::default());
    let settings = Settings {
        max_concurrent_requests: 1,
        ..Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap())
    };
    let (origin, server) = start_server(Api::builder(classdesk, settings).build());
    desk.origin = origin;
    (desk, server, token)
}

#[tokio::test]
async fn a_login_that_waits_for_the_hasher_holds_no_permit() {
    let hasher = Arc::new(BusyHasher::default());
    let (desk, server, token) = desk_with(&hasher).await;
    let anonymous = desk.anonymous();
    let body = json!({"username": "client", "password": PASSWORD});
    let login = anonymous.post(LOGIN, &body);
    let other = async {
        hasher.begun.notified().await;
        desk.with_token(token).get(ME).await.check_json(200);
        hasher.go_on.notify_one();
    };
    tokio::join!(login, other).0.check_json(200);
    assert_eq!(figure(&desk, "classdesk_requests_in_progress").await, 0.0);
    drop(server.stop(false));
}

#[tokio::test]
async fn a_login_that_finds_the_hasher_full_is_no_attempt() {
    let hasher = Arc::new(BusyHasher::default());
    let (desk, server, _) = desk_with(&hasher).await;
    let body = json!({"username": "client", "password": PASSWORD});
    hasher.is_full.store(true, Ordering::SeqCst);
    // More often than one may fail.
    let anonymous = desk.anonymous();
    for refused in join_all((0..6).map(|_| anonymous.post(LOGIN, &body))).await {
        assert_eq!(refused.header("retry-after"), "1");
        refused.check_problem(503, "overloaded");
    }
    let refused = "classdesk_requests_shed_total{limit=\"password_hashing\"}";
    assert_eq!(figure(&desk, refused).await, 6.0);
    hasher.is_full.store(false, Ordering::SeqCst);
    hasher.go_on.notify_one();
    desk.anonymous().post(LOGIN, &body).await.check_json(200);
    drop(server.stop(false));
}

/// A desk where so many bodies arrive at once, and a quarter of them from one client.
async fn desk_of_bodies(max: usize) -> TestServer {
    TestServer::with(
        |_| {},
        |settings| settings.max_arriving_bodies = max,
        |api| api,
    )
    .await
}

/// The head of a request whose body does not come.
fn silent(path: &str, token: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n"
    )
}

/// contract: conv.errors.shed
#[tokio::test]
async fn of_too_many_bodies_the_one_that_waits_longest_is_shed() {
    let desk = desk_of_bodies(4).await;
    let body = json!({"username": "client", "password": PASSWORD});
    for _ in 0..2 {
        let mut oldest = send(&desk, &silent(LOGIN, "")).await;
        until_a_body_arrives(&desk).await;
        desk.anonymous().post(LOGIN, &body).await.check_json(200);
        let mut answer = Vec::new();
        oldest.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    }
    let counted = "classdesk_requests_shed_total{limit=\"arriving_bodies\"}";
    assert_eq!(figure(&desk, counted).await, 2.0);
}

#[tokio::test]
async fn strangers_end_no_body_of_a_person_and_people_none_of_others() {
    let desk = desk_of_bodies(8).await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let body = json!({"title": "a", "description": "b"}).to_string();
    let head = silent("/api/v1/tickets/", client.token());
    let head = head.replace("length: 100", &format!("length: {}", body.len()));
    let mut slow = send(&desk, &head).await;
    until_a_body_arrives(&desk).await;
    let mut others = Vec::new();
    for number in 0..20 {
        let token = if number % 2 == 0 { "" } else { writer.token() };
        let path = if token.is_empty() {
            LOGIN
        } else {
            "/api/v1/tickets/"
        };
        others.push(send(&desk, &silent(path, token)).await);
    }
    // The first ones are shed, so the last ones are there.
    assert_eq!(status(&mut others[0]).await, "503");
    assert_eq!(status(&mut others[1]).await, "503");
    slow.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(status(&mut slow).await, "201");
}

/// contract: conv.limits.login
#[tokio::test]
async fn a_body_without_a_sign_in_has_at_most_4_kib() {
    let desk = TestServer::start().await;
    let padded = |length: usize| {
        let body = json!({"username": "client", "password": PASSWORD}).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let login = async |body: String| {
        let complete = |request: reqwest::RequestBuilder| {
            request
                .header("content-type", "application/json")
                .body(body)
        };
        desk.anonymous()
            .send(reqwest::Method::POST, LOGIN, complete)
            .await
    };
    login(padded(4096)).await.check_json(200);
    login(padded(4097)).await.check_problem(413, "too-large");
}

/// Asks for a list of some 900 KiB and reads nothing of it.
async fn ask_and_read_nothing(desk: &TestServer, token: &str) -> TcpStream {
    let head = format!(
        "GET /api/v1/tickets/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    send(desk, &head).await
}

/// A client that reads nothing loses its oldest answers, and others get theirs.
#[tokio::test]
async fn answers_that_nobody_reads_have_a_bound() {
    const UNSENT: &str = "classdesk_unsent_answer_bytes";
    let desk = TestServer::start().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    for _ in 0..15 {
        let body = json!({"title": "a", "description": "€".repeat(20_000)});
        client.post("/api/v1/tickets/", &body).await.check_json(201);
    }
    let mut unread = Vec::new();
    for _ in 0..30 {
        unread.push(ask_and_read_nothing(&desk, client.token()).await);
    }
    let share = 16.0 * 1024.0 * 1024.0;
    desk.eventually(async || figure(&desk, UNSENT).await > share * 0.9)
        .await;
    let page = editor.get("/api/v1/tickets/").await.check_json(200);
    assert_eq!(page.as_array().unwrap().len(), 15);
    assert!(figure(&desk, UNSENT).await <= share);
    // The newest is whole, the oldest breaks off.
    let mut answer = vec![0; 900_000];
    unread[29].read_exact(&mut answer).await.unwrap();
    answer.clear();
    unread[0].read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() < 900_000);
    drop(unread);
    desk.eventually(async || figure(&desk, UNSENT).await == 0.0)
        .await;
}
