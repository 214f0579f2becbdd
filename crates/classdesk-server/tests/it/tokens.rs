//! Tokens of another system: who comes in by them, and who does not.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use classdesk_domain::clock::Clock as _;
use classdesk_domain::system::SystemClock;
use futures_util::future::join_all;
use reqwest::Method;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::client::{Client, send};
use crate::event_streams::{EventStream, open_ticket};
use crate::fixture::Fixture;
use crate::program::Server;

const ME: &str = "/api/v1/auth/me/";
const SECRET: &[u8] = b"a secret of an issuer of tokens that both sides have";

fn now() -> i64 {
    SystemClock.now().micros() / 1_000_000
}

/// The claims of somebody, for five minutes.
fn claims(subject: &str) -> Value {
    json!({
        "iss": "https://id.example",
        "aud": ["others", "classdesk"],
        "sub": subject,
        "exp": now() + 300,
        "email": format!("{subject}@example.org"),
        "name": "Ann",
        "role": "client",
    })
}

fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A token by the secret.
fn token(claims: &Value) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let header = json!({"alg": "HS256", "typ": "JWT"});
    signed(&header, claims, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

const TRUST: [&str; 4] = [
    "--jwt-issuer",
    "https://id.example",
    "--jwt-audience",
    "classdesk",
];

/// A server that trusts who has the secret, and lets people follow their tokens.
async fn trusting(fixture: &Fixture) -> Server {
    // As an editor leaves it.
    let text = [SECRET, b"\n"].concat();
    fs::write(fixture.folder.path().join("secret"), text).expect("a file");
    let options = [
        &TRUST[..],
        &["--jwt-secret-file", "secret", "--jwt-provision"],
    ]
    .concat();
    Server::start_with(fixture, &options).await
}

async fn check_refused(server: &Server, token: String) {
    let answer = Client::with_token(server, token.clone()).get(ME).await;
    let problem = answer.json(401);
    assert_eq!(problem["type"], "/problems/unauthenticated", "{token}");
    assert_eq!(answer.headers["www-authenticate"], "Bearer", "{token}");
}

async fn people(admin: &Client) -> usize {
    let list = admin.get("/api/v1/users/").await.json(200);
    list.as_array().expect("a list").len()
}

async fn a_token_makes_a_person_who_follows_it(fixture: Fixture) {
    let server = trusting(&fixture).await;
    let admin = Client::superadmin(&server).await;
    let said = claims("crm-4711");
    let ann = Client::with_token(&server, token(&said));
    let answers = join_all((0..10).map(|_| ann.get(ME))).await;
    let first = answers[0].json(200);
    assert_eq!(first["role"], "client");
    assert_eq!(first["display_name"], "Ann");
    for answer in &answers {
        assert_eq!(answer.json(200), first);
    }
    assert_eq!(people(&admin).await, 2);

    let ticket = open_ticket(&ann).await;
    let ticket = ann
        .get(&format!("/api/v1/tickets/{ticket}/"))
        .await
        .json(200);
    assert_eq!(ticket["requester"]["id"], first["id"]);

    let mut other = said.clone();
    other["name"] = "Anna".into();
    other["role"] = "writer".into();
    let other = Client::with_token(&server, token(&other));
    let followed = other.get(ME).await.json(200);
    assert_eq!(followed["id"], first["id"]);
    assert_eq!(followed["display_name"], "Anna");
    assert_eq!(followed["role"], "writer");

    // Sessions are for those who sign in here.
    other
        .post("/api/v1/auth/logout/", &json!({}))
        .await
        .check(403);

    let path = format!("/api/v1/users/{}/", first["id"]);
    admin
        .patch(&path, &json!({"is_active": false}))
        .await
        .check(200);
    check_refused(&server, token(&said)).await;
    server.stop().await;
}

/// contract: tokens.provision
#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_a_person_who_follows_it_locally() {
    a_token_makes_a_person_who_follows_it(Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_a_person_who_follows_it_on_postgres() {
    a_token_makes_a_person_who_follows_it(Fixture::remote().await).await;
}

/// contract: tokens.verified
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_makes_nobody() {
    let fixture = Fixture::local();
    let server = trusting(&fixture).await;
    let admin = Client::superadmin(&server).await;
    let with = |name: &str, value: Value| {
        let mut said = claims("crm-4711");
        said[name] = value;
        token(&said)
    };
    let good = claims("crm-4711");
    let other_key = hmac::Key::new(hmac::HMAC_SHA256, b"another");
    let by = |header: Value| {
        signed(&header, &good, |message| {
            hmac::sign(&other_key, message).as_ref().to_vec()
        })
    };
    for token in [
        by(json!({"alg": "HS256"})),
        by(json!({"alg": "RS256", "kid": "k1"})),
        signed(&json!({"alg": "none"}), &good, |_| Vec::new()),
        with("iss", "https://attacker.example".into()),
        with("aud", "others".into()),
        with("exp", (now() - 61).into()),
        with("exp", Value::Null),
        with("nbf", (now() + 120).into()),
        with("sub", 4711.into()),
        with("sub", "crm 4711".into()),
        with("role", "superadmin".into()),
        with("role", json!({"name": "client"})),
        with("email", "superadmin@localhost@example.org".into()),
        with("email", Value::Null),
        with("filler", "x".repeat(9_000).into()),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        check_refused(&server, token).await;
    }
    assert_eq!(people(&admin).await, 1);
    server.stop().await;

    // Without the options nobody comes in by a token.
    let server = Server::start(&fixture).await;
    check_refused(&server, token(&good)).await;
    server.stop().await;
}

/// contract: tokens.keys
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_out_of_reach_are_503_and_known_ones_go_on_to_serve() {
    let random = SystemRandom::new();
    let der = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key");
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}]}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("bound"));
    // It answers once.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        drop(listener);
        let _ = stream.read(&mut [0; 4096]).await;
        let length = keys.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{keys}");
        let _ = stream.write_all(answer.as_bytes()).await;
    });
    let by = |id: &str| {
        let header = json!({"alg": "EdDSA", "kid": id});
        signed(&header, &claims("crm-4711"), |message| {
            pair.sign(message).as_ref().to_vec()
        })
    };
    let fixture = Fixture::local();
    let options = [&TRUST[..], &["--jwt-jwks-url", &url, "--jwt-provision"]].concat();
    let server = Server::start_with(&fixture, &options).await;
    let known = Client::with_token(&server, by("k1"));
    known.get(ME).await.check(200);
    check_refused(&server, by("k2")).await;
    known.get(ME).await.check(200);
    server.stop().await;

    let server = Server::start_with(&fixture, &options).await;
    let answer = Client::with_token(&server, by("k1")).get(ME).await;
    assert_eq!(answer.json(503)["type"], "/problems/unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    server.stop().await;
}

/// contract: tokens.stream
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let fixture = Fixture::local();
    let server = trusting(&fixture).await;
    let admin = Client::superadmin(&server).await;
    let mut said = claims("crm-4711");
    // With the leeway it holds for some seconds.
    said["exp"] = (now() - 55).into();
    let ann = Client::with_token(&server, token(&said));
    let id = ann.get(ME).await.json(200)["id"].clone();
    let mut stream = EventStream::begin(&ann, None).await;
    open_ticket(&Client::with_token(&server, token(&claims("crm-4711")))).await;
    stream.next_ticket().await;
    while ann.get(ME).await.status == 200 {
        tokio::task::yield_now().await;
    }
    // What happens from now on is not told any more.
    let about = json!({
        "title": "Spring", "client_id": id,
    });
    let path = "/api/v1/class-management/class-bundles/";
    send(admin.request(Method::POST, path).json(&about))
        .await
        .check(201);
    let end = stream.next().await;
    assert_eq!(end.name, "end");
    assert_eq!(end.data["reason"], "unauthenticated");
    server.stop().await;
}
