//! Stopping in good order, and starting again after none.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::client::{Answer, Client, send, try_send};
use crate::event_streams::{EventStream, SOON};
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server, command, run, stdout};

const TICKETS: &str = "/api/v1/tickets/";

/// A piece of an upload.
const CHUNK: Bytes = Bytes::from_static(&[7; 64 * 1024]);

/// The end of an upload that a test writes to.
pub(crate) type Chunks = mpsc::Sender<Result<Bytes, std::io::Error>>;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_nothing_and_cuts_nothing() {
    check_stop_under_load(&Fixture::local(), "TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_nothing_and_cuts_nothing_on_postgresql() {
    check_stop_under_load(&Fixture::remote().await, "TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_is_as_good_as_sigterm() {
    check_stop_under_load(&Fixture::local(), "INT").await;
}

/// contract: streams.end
#[tokio::test(flavor = "multi_thread")]
async fn streams_end_before_the_server_does() {
    let fixture = Fixture::local();
    let mut server = Server::start(&fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(EventStream::begin(&superadmin, None).await);
    }
    server.signal("TERM");
    for mut stream in streams {
        let end = stream.next().await;
        assert_eq!(
            (end.name.as_str(), &end.data["reason"]),
            ("end", &json!("stopping"))
        );
    }
    let ended = tokio::time::timeout(SOON, server.ended()).await;
    assert_eq!(ended.expect("nothing else is waited for"), Some(0));
}

/// Many create tickets until the server is gone. What was acknowledged is there afterwards, and
/// nothing else: whatever was begun was also answered.
async fn check_stop_under_load(fixture: &Fixture, signal: &str) {
    let mut server = Server::start(fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let load = Load::start(&superadmin);
    load.reaches(200).await;
    server.signal(signal);
    assert_eq!(server.ended().await, Some(0), "SIG{signal}");
    let acknowledged = load.acknowledged().await;

    let server = Server::start(fixture).await;
    let stored = ticket_ids(&Client::superadmin(&server).await).await;
    assert_eq!(stored, acknowledged);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_all_that_was_acknowledged_is_there_and_no_hand_is_needed() {
    check_kill(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_all_that_was_acknowledged_is_there_and_no_hand_is_needed_on_postgresql() {
    check_kill(&Fixture::remote().await).await;
}

async fn check_kill(fixture: &Fixture) {
    let server = Server::start(fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let load = Load::start(&superadmin);
    load.reaches(200).await;
    server.kill().await;
    let acknowledged = load.acknowledged().await;

    let server = Server::start(fixture).await;
    let stored = ticket_ids(&Client::superadmin(&server).await).await;
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    server.stop().await;
    let checked = run(fixture, &["check"]).await;
    assert!(checked.status.success(), "{}", stdout(&checked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_killed_at_any_time_needs_no_hand() {
    check_killed_starts(&[]).await;
    check_killed_starts(&["--demo"]).await;
}

async fn check_killed_starts(options: &[&str]) {
    let fixture = Fixture::local();
    let mut args = vec!["serve", "--bind", "127.0.0.1:0"];
    args.extend(options);
    for step in 0..12 {
        let mut child = command(&fixture, &args).spawn().expect("the program runs");
        let life = Duration::from_millis(25 * step);
        if let Ok(ended) = tokio::time::timeout(life, child.wait()).await {
            panic!("ended by itself: {ended:?}");
        }
        child.kill().await.expect("the program was running");
    }
    let server = Server::start_with(&fixture, options).await;
    let ready = Client::nobody(&server).get("/healthz/ready").await;
    ready.check(200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_under_way_is_finished_and_an_idle_connection_is_closed() {
    let fixture = Fixture::local();
    let mut server = Server::start(&fixture).await;
    let (superadmin, path) = place_for_uploads(&server).await;
    // A connection that is kept alive and never used again must not hold the server up.
    let idle = Client::nobody(&server);
    idle.get("/healthz/live").await.check(200);

    let (chunks, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream(body));
    let form = Form::new().part("file", Part::stream(body).file_name("long.bin"));
    let request = superadmin.request(Method::POST, &path).multipart(form);
    let upload = tokio::spawn(send(request));
    let before = send_until_taken_in(&chunks, &fixture).await;
    server.terminate();
    // The stop has begun once nobody new is let in.
    let refused = async { while connects(&server).await {} };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("the server closes its door");
    for _ in 0..16 {
        chunks
            .send(Ok(CHUNK))
            .await
            .expect("the upload is still read");
    }
    drop(chunks);
    let uploaded = upload.await.expect("the upload ends").json(201);
    assert_eq!(uploaded["file_size"], (before + 16) * CHUNK.len());
    let clock = tokio::time::Instant::now();
    assert_eq!(server.ended().await, Some(0));
    assert!(
        clock.elapsed() < Duration::from_secs(15),
        "something idle held the server up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let fixture = Fixture::local();
    let mut server = Server::start(&fixture).await;
    let (superadmin, path) = place_for_uploads(&server).await;
    let (_chunks, upload) = begin_upload(&superadmin, &path, &fixture).await;
    // One that comes within a moment of the first is taken for the same.
    let code = loop {
        server.terminate();
        let ended = tokio::time::timeout(Duration::from_millis(50), server.ended());
        if let Ok(code) = ended.await {
            break code;
        }
    };
    assert_eq!(code, Some(1));
    let cut = upload.await.expect("the upload ends");
    assert!(cut.is_err() || cut.is_ok_and(|answer| !answer.status.is_success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signals_within_a_moment_are_one() {
    let fixture = Fixture::local();
    let mut server = Server::start(&fixture).await;
    let (superadmin, path) = place_for_uploads(&server).await;
    let (chunks, upload) = begin_upload(&superadmin, &path, &fixture).await;
    server.signals(&["TERM", "INT"]);
    let refused = async { while connects(&server).await {} };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("the server closes its door");
    chunks
        .send(Ok(CHUNK))
        .await
        .expect("the upload is still read");
    drop(chunks);
    let uploaded = upload.await.expect("the upload ends");
    uploaded.expect("an answer").check(201);
    assert_eq!(server.ended().await, Some(0));
}

/// A path to upload files to, as the superadmin.
async fn place_for_uploads(server: &Server) -> (Client, String) {
    let superadmin = Client::superadmin(server).await;
    let client = superadmin.hire(server, "clara", "client").await;
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = json!({ "client_id": client.id, "title": "Spring" });
    let bundle = superadmin.post(bundles, &bundle).await.created();
    (superadmin, format!("{bundles}{bundle}/upload_file/"))
}

/// Begins an upload of which the storage has taken some, and which goes on while there are chunks.
pub(crate) async fn begin_upload(
    client: &Client,
    path: &str,
    fixture: &Fixture,
) -> (Chunks, JoinHandle<reqwest::Result<Answer>>) {
    let (chunks, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream(body));
    let form = Form::new().part("file", Part::stream(body).file_name("endless.bin"));
    let request = client.request(Method::POST, path).multipart(form);
    let upload = tokio::spawn(try_send(request));
    send_until_taken_in(&chunks, fixture).await;
    (chunks, upload)
}

/// Sends chunks until the storage has begun to take them in, and says how many. What was sent
/// before may still lie in a socket that the server has not looked at.
async fn send_until_taken_in(chunks: &Chunks, fixture: &Fixture) -> usize {
    let storage = fixture.folder.path().join("classdesk-data/files");
    let mut sent = 0;
    while !has_upload(&storage) {
        let taken = tokio::time::timeout(PATIENCE, chunks.send(Ok(CHUNK)));
        taken
            .await
            .expect("the server goes on reading")
            .expect("the upload is read");
        sent += 1;
    }
    sent
}

/// Whether a file is being written there.
fn has_upload(folder: &Path) -> bool {
    let is_upload = |path: &Path| path.to_string_lossy().ends_with("#1") || has_upload(path);
    std::fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| is_upload(&entry.path())))
}

async fn connects(server: &Server) -> bool {
    let address = server.url.trim_start_matches("http://");
    tokio::net::TcpStream::connect(address).await.is_ok()
}

fn tokio_stream<T: Send + 'static>(
    receiver: mpsc::Receiver<T>,
) -> impl futures_util::Stream<Item = T> + Send + 'static {
    futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|item| (item, receiver))
    })
}

/// Several people who create tickets, one after the other each, until nobody answers.
struct Load {
    people: JoinSet<BTreeSet<i64>>,
    answered: Arc<AtomicUsize>,
}

impl Load {
    fn start(client: &Client) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let mut people = JoinSet::new();
        for person in 0..16 {
            people.spawn(create_tickets(client.clone(), person, answered.clone()));
        }
        Self { people, answered }
    }

    /// Waits until this many were acknowledged.
    async fn reaches(&self, number: usize) {
        let reached = async {
            while self.answered.load(Ordering::Relaxed) < number {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .expect("the server keeps answering");
    }

    /// The ids of everything that was acknowledged, once nobody is served any more.
    async fn acknowledged(self) -> BTreeSet<i64> {
        self.people.join_all().await.into_iter().flatten().collect()
    }
}

async fn create_tickets(
    client: Client,
    person: usize,
    answered: Arc<AtomicUsize>,
) -> BTreeSet<i64> {
    let mut acknowledged = BTreeSet::new();
    loop {
        let title = format!("{person}, {}", acknowledged.len());
        let body = json!({ "title": title, "description": "Created under load." });
        let request = client.request(Method::POST, TICKETS).json(&body);
        match try_send(request).await {
            Ok(answer) => {
                acknowledged.insert(answer.created());
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => return acknowledged,
        }
    }
}

/// Every ticket, page by page.
async fn ticket_ids(client: &Client) -> BTreeSet<i64> {
    let mut ids = BTreeSet::new();
    let mut next = Some(format!("{TICKETS}?limit=200"));
    while let Some(path) = next {
        let answer = client.get(&path).await;
        let page = answer.json(200);
        let page = page.as_array().expect("a list");
        ids.extend(
            page.iter()
                .map(|one: &Value| one["id"].as_i64().expect("an id")),
        );
        let link = answer
            .headers
            .get("link")
            .map(|link| link.to_str().expect("ASCII"));
        next = link.map(|link| {
            let url = link
                .trim_start_matches('<')
                .split('>')
                .next()
                .expect("a URL");
            url[url.find("/api/").expect("a path")..].to_owned()
        });
    }
    ids
}
