//! Clients that take their time.

use std::net::TcpListener;
use std::time::Duration;

use classdesk_api::Api;
use classdesk_http::{PublicUrl, ServerLimits, Settings, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{PUBLIC_URL, TestServer, start_server_with};
use crate::uploads::upload_path;

/// Long enough to be seen as slow, short enough to be waited for.
const PATIENCE: Duration = Duration::from_millis(50);

/// The shortest that the server takes for connections.
const SHORTEST: Duration = Duration::from_secs(1);

fn api_of(desk: &TestServer) -> Api {
    let settings = Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap());
    Api::builder(desk.classdesk.clone(), settings).build()
}

/// A connection to a server with these limits, which lasts as long as the test.
async fn connect_with(desk: &TestServer, limits: ServerLimits) -> TcpStream {
    let (origin, _) = start_server_with(api_of(desk), limits);
    let address = origin.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends what does not end, and takes what comes until the server closes.
async fn answer_to(mut socket: TcpStream, begin: &str) -> String {
    socket.write_all(begin.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn headers_that_do_not_end_are_cut_off() {
    let desk = TestServer::start().await;
    let limits = ServerLimits {
        header_timeout: SHORTEST,
        disconnect_timeout: SHORTEST,
        ..ServerLimits::default()
    };
    let socket = connect_with(&desk, limits).await;
    let answer = answer_to(socket, "GET /healthz/live HTTP/1.1\r\nhost: x\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_one_after_the_other() {
    let desk = TestServer::start().await;
    let socket = desk.connect().await;
    let requests = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n\
         GET /healthz/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = answer_to(socket, requests).await;
    let (begin, document) = answers.split_once("\r\n\r\n").unwrap();
    assert!(begin.starts_with("HTTP/1.1 200 "), "{begin}");
    let second = document.find("HTTP/1.1 200 ").expect("a second answer");
    let document: serde_json::Value = serde_json::from_str(&document[..second]).unwrap();
    assert!(document["openapi"].is_string(), "{document}");
}

#[tokio::test]
async fn what_is_for_the_whole_server_is_not_found() {
    let desk = TestServer::start().await;
    let socket = desk.connect().await;
    let request = "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = answer_to(socket, request).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

/// A shorter time might be over before it begins, and would then not be noticed, and a longer one is
/// beyond what clocks count.
#[tokio::test]
async fn times_that_can_not_be_kept_are_refused() {
    type Time = fn(&mut ServerLimits) -> &mut Duration;
    let desk = TestServer::start().await;
    let short = SHORTEST.checked_sub(Duration::from_nanos(1)).unwrap();
    let times: [(&str, Time); 5] = [
        ("header_timeout", |limits| &mut limits.header_timeout),
        ("keep_alive", |limits| &mut limits.keep_alive),
        ("write_timeout", |limits| &mut limits.write_timeout),
        ("disconnect_timeout", |limits| {
            &mut limits.disconnect_timeout
        }),
        ("shutdown_timeout", |limits| &mut limits.shutdown_timeout),
    ];
    for (name, time) in times {
        for impossible in [short, Duration::MAX] {
            let mut limits = ServerLimits::default();
            *time(&mut limits) = impossible;
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let state = api_of(&desk).http_state();
            let refused = serve(state, |_| {}, listener, limits).err().unwrap();
            assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
            assert!(refused.to_string().starts_with(name), "{refused}");
        }
    }
}

/// As long as the program takes, and longer than Linux does.
#[tokio::test]
async fn a_write_may_take_ten_years() {
    let desk = TestServer::start().await;
    let limits = ServerLimits {
        write_timeout: Duration::from_secs(10 * 365 * 24 * 60 * 60),
        ..ServerLimits::default()
    };
    let socket = connect_with(&desk, limits).await;
    let request = "GET /healthz/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = answer_to(socket, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn begin_of_upload(desk: &TestServer, token: &str) -> String {
    format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000\r\n\r\n\
         --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbegin",
        upload_path(desk)
    )
}

#[tokio::test]
async fn a_form_that_stands_still_is_given_up() {
    let desk = TestServer::with(
        |_| {},
        |settings| settings.body_timeout = PATIENCE,
        |api| api,
    )
    .await;
    let client = desk.named("client").await;
    let begin = begin_of_upload(&desk, client.token());
    let mut socket = desk.connect().await;
    socket.write_all(begin.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

/// A byte now and then keeps nothing open.
#[tokio::test]
async fn a_form_that_trickles_in_is_given_up() {
    let desk = TestServer::with(
        |_| {},
        |settings| settings.body_timeout = PATIENCE,
        |api| api,
    )
    .await;
    let client = desk.named("client").await;
    let begin = begin_of_upload(&desk, client.token());
    let mut socket = desk.connect().await;
    socket.write_all(begin.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let trickle = async {
        while writer.write_all(b".").await.is_ok() {
            tokio::time::sleep(PATIENCE / 10).await;
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        read = reader.read_exact(&mut answer) => { read.unwrap(); }
        () = trickle => panic!("closed without an answer"),
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_json_body_that_does_not_arrive_in_time_is_given_up() {
    let desk = TestServer::with(
        |_| {},
        |settings| settings.body_timeout = PATIENCE,
        |api| api,
    )
    .await;
    let head = "POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let mut socket = desk.connect().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}
