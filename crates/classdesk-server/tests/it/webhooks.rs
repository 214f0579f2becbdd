//! Events on their way out: what arrives at a receiver, and from how many servers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_postgres::NoTls;

use crate::client::Client;
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server};

const WEBHOOKS: &str = "/api/v1/webhooks/";

/// Lets a server send to loopback.
const INSIDE: [&str; 3] = [
    "--webhook-allow-networks",
    "127.0.0.0/8",
    "--webhook-allow-http",
];

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Arrived {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Arrived {
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// Takes requests, and counts how many there are at once.
struct Receiver {
    url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl Receiver {
    /// One that takes this long for a request.
    async fn start(pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (kept, most) = (arrived.clone(), most_at_once.clone());
        tokio::spawn(async move {
            let at_once = Arc::new(AtomicUsize::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, most, at_once) = (kept.clone(), most.clone(), at_once.clone());
                tokio::spawn(async move {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    if let Some(request) = answer(stream, pause, &at_once).await {
                        kept.lock().expect("no panic").push(request);
                    }
                });
            }
        });
        Self {
            url,
            arrived,
            most_at_once,
        }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("no panic").clone()
    }

    /// Waits until so many different requests have arrived.
    async fn wait_for(&self, count: usize) {
        let waiting = async {
            loop {
                let arrived = self.arrived();
                let ids: std::collections::BTreeSet<_> = arrived.iter().map(Arrived::id).collect();
                if ids.len() >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(arrived.is_ok(), "{} requests arrived", self.arrived().len());
    }
}

/// Reads a request and answers it. It is over when the sender could know that.
async fn answer(mut stream: TcpStream, pause: Duration, at_once: &AtomicUsize) -> Option<Arrived> {
    let request = read(&mut stream).await;
    tokio::time::sleep(pause).await;
    at_once.fetch_sub(1, Ordering::SeqCst);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answered = stream.write_all(answer).await;
    request.filter(|_| answered.is_ok())
}

async fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let headers: BTreeMap<_, _> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length")?.parse().ok()?;
        if body.len() >= length {
            let body = body.to_owned();
            return Some(Arrived { headers, body });
        }
    }
}

/// Verifies a request by a library of Standard Webhooks that is not ours.
async fn verify(secret: &str, request: &Arrived) -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests have no argument parser")]
    let python = std::env::var("CLASSDESK_TEST_PYTHON").expect(
        "CLASSDESK_TEST_PYTHON is a Python with the package standardwebhooks; `cargo xtask test` \
         makes one and sets it",
    );
    let script = "import json, sys\n\
        from standardwebhooks import Webhook\n\
        given = json.loads(sys.argv[1])\n\
        Webhook(given['secret']).verify(given['body'], given['headers'])\n";
    let given = json!({"secret": secret, "headers": request.headers, "body": request.body});
    let mut command = Command::new(python);
    command.args(["-c", script, &given.to_string()]);
    let output = command.output().await.expect("Python runs");
    let error = String::from_utf8_lossy(&output.stderr);
    let refused = error.contains("WebhookVerificationError: No matching signature");
    assert!(output.status.success() || refused, "{error}");
    output.status.success()
}

async fn create(client: &Client, url: &str) -> (String, String) {
    let webhook = client
        .post(WEBHOOKS, &json!({ "url": url }))
        .await
        .json(201);
    let secret = webhook["secret"].as_str().expect("a secret").to_owned();
    (format!("{WEBHOOKS}{}/", webhook["id"]), secret)
}

async fn create_ticket(client: &Client) {
    let ticket = json!({
        "title": "A ticket", "description": "", "priority": "low", "category": "general",
    });
    client.post("/api/v1/tickets/", &ticket).await.check(201);
}

/// contract: webhooks.signed, webhooks.rotation
#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_not_ours_verifies_what_arrives() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &INSIDE).await;
    let superadmin = Client::superadmin(&server).await;
    let receiver = Receiver::start(Duration::ZERO).await;
    let (webhook, secret) = create(&superadmin, &receiver.url).await;
    create_ticket(&superadmin).await;
    receiver.wait_for(1).await;
    let event = receiver.arrived()[0].clone();
    assert!(verify(&secret, &event).await);
    let body: Value = serde_json::from_str(&event.body).expect("JSON");
    assert_eq!(body["type"], "ticket.created");
    assert_eq!(event.id(), format!("evt_{}", body["data"]["id"]));
    let forged = Arrived {
        body: event.body.replace("ticket.created", "ticket.assigned"),
        ..event
    };
    assert!(!verify(&secret, &forged).await);

    let rotate = format!("{webhook}rotate_secret/");
    let rotated = superadmin.post(&rotate, &json!({})).await.json(201);
    superadmin
        .post(&format!("{webhook}ping/"), &json!({}))
        .await
        .check(202);
    receiver.wait_for(2).await;
    let ping = receiver.arrived()[1].clone();
    assert!(ping.id().starts_with("ping_"), "{ping:?}");
    let new = rotated["secret"].as_str().expect("a secret");
    assert!(verify(&secret, &ping).await && verify(new, &ping).await);
    server.stop().await;
}

/// contract: webhooks.public
#[tokio::test(flavor = "multi_thread")]
async fn a_server_reaches_nothing_beside_it_unless_it_is_told_to() {
    let fixture = Fixture::local();
    let server = Server::start(&fixture).await;
    let superadmin = Client::superadmin(&server).await;
    for url in [
        "https://127.0.0.1:8443/",
        "https://localhost:8443/",
        "https://169.254.169.254/",
    ] {
        let refused = superadmin.post(WEBHOOKS, &json!({ "url": url })).await;
        let code = refused.json(400)["errors"][0]["code"].clone();
        assert_eq!(code, "webhook_address", "{url}");
    }
    server.stop().await;
}

/// Two servers share the work, and one of them is killed in the midst of it.
///
/// contract: webhooks.once, webhooks.order
#[tokio::test(flavor = "multi_thread")]
async fn postgres_every_event_is_sent_once_by_one_server_at_a_time() {
    let fixture = Fixture::remote().await;
    let (one, other) = tokio::join!(
        Server::start_with(&fixture, &INSIDE),
        Server::start_with(&fixture, &INSIDE)
    );
    let superadmin = Client::superadmin(&one).await;
    let receiver = Receiver::start(Duration::from_millis(10)).await;
    let (webhook, _) = create(&superadmin, &receiver.url).await;
    for number in 0..40 {
        let at = if number % 2 == 0 { &one } else { &other };
        create_ticket(&superadmin.at(at)).await;
    }
    receiver.wait_for(40).await;
    assert_eq!(receiver.arrived().len(), 40, "none of them twice");
    assert_eq!(receiver.most_at_once.load(Ordering::SeqCst), 1);

    for _ in 0..40 {
        create_ticket(&superadmin).await;
    }
    receiver.wait_for(45).await;
    one.kill().await;
    // The lease of the server that is gone is over.
    expire_leases(&fixture).await;
    receiver.wait_for(80).await;
    let superadmin = superadmin.at(&other);
    let mut arrived: Vec<_> = receiver
        .arrived()
        .iter()
        .map(|one| one.id().to_owned())
        .collect();
    assert!(
        arrived.len() <= 81,
        "at most the one that broke off: {}",
        arrived.len()
    );
    arrived.sort_unstable();
    arrived.dedup();
    assert_eq!(arrived.len(), 80);
    let listed = superadmin
        .get(&format!("{webhook}deliveries/?limit=200"))
        .await;
    let mut events: Vec<_> = (listed.json(200).as_array().expect("a list").iter())
        .map(|delivery| format!("evt_{}", delivery["event"]))
        .collect();
    events.sort_unstable();
    assert_eq!(events, arrived, "one delivery for each event");
    other.stop().await;
}

/// Lets the time of every lease pass.
async fn expire_leases(fixture: &Fixture) {
    let named = fixture.variables.iter();
    let url = named
        .clone()
        .find(|(name, _)| *name == "CLASSDESK_DATABASE_URL");
    let (_, url) = url.expect("a database on PostgreSQL");
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("connected");
    tokio::spawn(connection);
    let passed = "UPDATE webhooks SET leased_until = leased_until - INTERVAL '1 minute'";
    client.batch_execute(passed).await.expect("updated");
}

/// A receiver that keeps one request waits for its end; the server ends after that.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_the_request_that_it_is_in() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &INSIDE).await;
    let superadmin = Client::superadmin(&server).await;
    let receiver = Receiver::start(Duration::from_millis(500)).await;
    create(&superadmin, &receiver.url).await;
    for _ in 0..5 {
        create_ticket(&superadmin).await;
    }
    let begun = async {
        while receiver.most_at_once.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun)
        .await
        .expect("it sends");
    server.stop().await;
    let sent = receiver.arrived().len();
    assert!((1..=2).contains(&sent), "{sent}");
    let server = Server::start_with(&fixture, &INSIDE).await;
    receiver.wait_for(5).await;
    assert_eq!(receiver.arrived().len(), 5, "none of them twice");
    server.stop().await;
}
