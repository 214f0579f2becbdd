//! The feed as a stream.

use std::time::Duration;

use classdesk_api::StreamLimits;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::events::{EVENTS, add_note, open_thread, open_ticket, say};
use crate::forms::Form;
use crate::harness::{Client, TestServer};
use crate::uploads::{bundle_path, upload_path};

/// A frame of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Frame {
    id: Option<i64>,
    event: Option<String>,
    retry: Option<u64>,
    data: Option<Value>,
}

impl Frame {
    fn read(block: &str) -> Self {
        let mut frame = Self::default();
        for line in block.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            match name {
                "id" => frame.id = Some(value.parse().unwrap()),
                "event" => frame.event = Some(value.to_owned()),
                "retry" => frame.retry = Some(value.parse().unwrap()),
                "data" => frame.data = Some(serde_json::from_str(value).unwrap()),
                other => panic!("{other} in {block}"),
            }
        }
        frame
    }

    /// The type of the event that it tells of.
    fn told(&self) -> Option<&str> {
        let data = self.data.as_ref().filter(|_| self.event.is_none())?;
        data["type"].as_str()
    }

    fn is_heartbeat(&self) -> bool {
        self.id.is_some() && self.data.is_none()
    }
}

/// A stream as a client gets it.
struct Follower {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Follower {
    async fn begin(client: &Client<'_>, query: &str, last: Option<i64>) -> Self {
        let response = respond(client, query, last).await;
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store, no-transform");
        assert_eq!(header("x-accel-buffering"), "no");
        Self {
            bytes: response.bytes_stream().boxed(),
            text: String::new(),
        }
    }

    /// The next frame; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let frame = Frame::read(block);
                self.text = rest.to_owned();
                return Some(frame);
            }
            let next = tokio::time::timeout(Duration::from_secs(10), self.bytes.next());
            let bytes = next.await.expect("a frame in time")?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next frame that is no heartbeat.
    async fn next_told(&mut self) -> Option<Frame> {
        loop {
            let frame = self.next().await;
            if !frame.as_ref().is_some_and(Frame::is_heartbeat) {
                return frame;
            }
        }
    }

    async fn ready(&mut self) -> i64 {
        let ready = self.next().await.unwrap();
        assert_eq!(
            (ready.event.as_deref(), ready.retry),
            (Some("ready"), Some(3000))
        );
        let from = ready.id.unwrap();
        assert_eq!(ready.data, Some(json!({"last_event_id": from})));
        from
    }

    /// Why the stream ends; nothing else is told before.
    async fn reason(&mut self) -> String {
        let end = self.next_told().await.unwrap();
        assert_eq!(end.event.as_deref(), Some("end"), "{end:?}");
        assert!((1000..=5000).contains(&end.retry.unwrap()));
        assert_eq!(self.next().await, None);
        end.data.unwrap()["reason"].as_str().unwrap().to_owned()
    }

    /// Reads heartbeats until one is as far as the log is; nothing else is told.
    async fn passes(&mut self, position: i64) {
        loop {
            let frame = self.next().await.unwrap();
            assert!(frame.is_heartbeat(), "{frame:?}");
            if frame.id >= Some(position) {
                return;
            }
        }
    }
}

async fn respond(client: &Client<'_>, query: &str, last: Option<i64>) -> reqwest::Response {
    let request = client.request(Method::GET, &format!("{EVENTS}{query}"));
    let request = request.header("accept", "text/event-stream");
    let request = match last {
        Some(last) => request.header("last-event-id", last.to_string()),
        None => request,
    };
    request.send().await.unwrap()
}

async fn desk_with(limits: StreamLimits) -> TestServer {
    TestServer::with(|_| {}, |_| {}, |api| api.streams(limits)).await
}

/// Heartbeats come soon, so that a test can tell that something does not come.
async fn desk() -> TestServer {
    desk_with(StreamLimits {
        heartbeat: Duration::from_millis(100),
        ..StreamLimits::default()
    })
    .await
}

/// The end of the log.
async fn position(desk: &TestServer) -> i64 {
    let editor = desk.named("editor").await;
    let page = editor.get(&format!("{EVENTS}?after=latest")).await;
    page.header("last-event-id").parse().unwrap()
}

/// contract: streams.frames, streams.resume, events.order
#[tokio::test]
async fn a_stream_tells_what_happens_and_goes_on_where_it_was_cut() {
    let desk = desk().await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let mut stream = Follower::begin(&client, "", None).await;
    let from = stream.ready().await;
    let thread = open_thread(&desk, &writer).await;
    say(&writer, &thread).await;
    let created = stream.next_told().await.unwrap();
    let sent = stream.next_told().await.unwrap();
    assert_eq!(
        (created.told(), sent.told()),
        (Some("thread.created"), Some("message.sent"))
    );
    assert_eq!(
        created.id.unwrap(),
        created.data.as_ref().unwrap()["id"].as_i64().unwrap()
    );
    assert!(from < created.id.unwrap() && created.id < sent.id);
    drop(stream);

    say(&writer, &thread).await;
    // The header wins, as when a browser repeats its address.
    let mut again = Follower::begin(&client, "?after=0", created.id).await;
    assert_eq!(Some(again.ready().await), created.id);
    let told = [
        again.next_told().await.unwrap(),
        again.next_told().await.unwrap(),
    ];
    assert_eq!(told[0], sent);
    assert_eq!(told[1].told(), Some("message.sent"));
    again.passes(told[1].id.unwrap()).await;

    let mut all = Follower::begin(&client, "?after=0&types=message.*", None).await;
    assert_eq!(all.ready().await, 0);
    assert_eq!(all.next_told().await, Some(sent));
}

/// contract: streams.frames
#[tokio::test]
async fn a_heartbeat_moves_the_position_past_what_others_see() {
    let desk = desk().await;
    let (client, stranger) = (desk.named("client").await, desk.named("other_client").await);
    let mut stream = Follower::begin(&stranger, "", None).await;
    stream.ready().await;
    open_ticket(&client).await;
    stream.passes(position(&desk).await).await;
}

/// contract: streams.reset
#[tokio::test]
async fn a_position_beyond_the_log_is_reset() {
    let desk = desk().await;
    let client = desk.named("client").await;
    let end = position(&desk).await;
    let mut stream = Follower::begin(&client, "", Some(end + 1000)).await;
    assert_eq!(stream.ready().await, end);
    let reset = stream.next().await.unwrap();
    assert_eq!(
        (reset.event.as_deref(), reset.id),
        (Some("reset"), Some(end))
    );
    assert_eq!(reset.data, Some(json!({"last_event_id": end})));
    open_ticket(&client).await;
    assert_eq!(
        stream.next_told().await.unwrap().told(),
        Some("ticket.created")
    );
    for (query, last) in [("?wait=1", None), ("?after=x", None)] {
        let answer = respond(&client, query, last).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    let request = client
        .request(Method::GET, EVENTS)
        .header("accept", "text/event-stream");
    let answer = request
        .header("last-event-id", "seven")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

/// contract: streams.limits
#[tokio::test]
async fn a_person_and_the_process_have_so_many_streams() {
    let desk = desk_with(StreamLimits {
        max: 3,
        max_of_person: 2,
        // A client that has gone is noticed when it is sent something.
        heartbeat: Duration::from_millis(100),
        ..StreamLimits::default()
    })
    .await;
    let (client, writer) = (desk.named("client").await, desk.named("writer").await);
    let first = Follower::begin(&client, "", None).await;
    let _second = Follower::begin(&client, "", None).await;
    let refused = respond(&client, "", None).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    let _third = Follower::begin(&writer, "", None).await;
    let refused = respond(&writer, "", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    drop(first);
    desk.eventually(async || respond(&writer, "", None).await.status() == StatusCode::OK)
        .await;
}

/// contract: streams.end, streams.rights
#[tokio::test]
async fn a_stream_ends_with_the_session_the_server_and_its_time() {
    let desk = desk().await;
    let editor = desk.named("editor").await;
    let mut stream = Follower::begin(&editor, "", None).await;
    stream.ready().await;
    let other = desk.with_token(editor.token());
    other
        .post("/api/v1/auth/logout/", &json!({}))
        .await
        .check_no_content();
    assert_eq!(stream.reason().await, "unauthenticated");

    let client = desk.named("client").await;
    let mut stream = Follower::begin(&client, "", None).await;
    stream.ready().await;
    desk.api.end_streams();
    assert_eq!(stream.reason().await, "stopping");
    assert_eq!(
        respond(&client, "", None).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );

    let desk = desk_with(StreamLimits {
        lifetime: Duration::from_millis(200),
        ..StreamLimits::default()
    })
    .await;
    let client = desk.named("client").await;
    let mut stream = Follower::begin(&client, "", None).await;
    stream.ready().await;
    assert_eq!(stream.reason().await, "lifetime");
}

/// contract: streams.keys
#[tokio::test]
async fn a_stream_ends_with_the_key_and_with_the_right_to_act() {
    let desk = desk().await;
    let admin = desk.named("admin").await;
    let key = json!({"name": "k", "access": "read", "act_as": true});
    let key = admin.post("/api/v1/auth/keys/", &key).await.check_json(201);
    let program = desk.with_token(key["token"].as_str().unwrap());
    let person = desk.world.other_client.id;
    let mut own = Follower::begin(&program, "", None).await;
    let mut acted = Follower::begin(&program.acting_for(&person.to_string()), "", None).await;
    own.ready().await;
    acted.ready().await;
    let superadmin = desk.named("superadmin").await;
    let promoted = json!({"role": "superadmin"});
    let path = format!("/api/v1/users/{person}/");
    assert_eq!(superadmin.patch(&path, &promoted).await.status, 200);
    assert_eq!(acted.reason().await, "unauthenticated");
    let path = format!("/api/v1/auth/keys/{}/", key["id"]);
    admin.delete(&path).await.check_no_content();
    assert_eq!(own.reason().await, "unauthenticated");
}

/// What happens between a commit and its delivery.
struct Between<'d> {
    desk: &'d TestServer,
    stream: Follower,
}

impl<'d> Between<'d> {
    /// A stream that has begun, and whose next look at the log waits.
    async fn begin(desk: &'d TestServer, client: &Client<'_>) -> Self {
        let mut stream = Follower::begin(client, "", None).await;
        let from = stream.ready().await;
        stream.passes(from).await;
        desk.log.shut();
        Self { desk, stream }
    }

    /// Nothing is told of what has happened since.
    async fn tells_nothing(mut self) {
        self.desk.log.open();
        let position = position(self.desk).await;
        self.stream.passes(position).await;
    }
}

/// contract: streams.rights, events.visible
#[tokio::test]
async fn a_replaced_writer_is_told_nothing_more() {
    let desk = desk().await;
    let (writer, admin) = (desk.named("writer").await, desk.named("admin").await);
    let client = desk.named("client").await;
    let thread = open_thread(&desk, &writer).await;
    let between = Between::begin(&desk, &writer).await;
    say(&client, &thread).await;
    let next = json!({"writer_id": desk.world.other_writer.id.get()});
    let path = format!("{}assign_writer/", bundle_path(&desk));
    admin.post(&path, &next).await.check_json(200);
    between.tells_nothing().await;
}

/// contract: streams.rights, events.visible
#[tokio::test]
async fn a_removed_participant_is_told_nothing_more() {
    let desk = desk().await;
    let (writer, editor) = (desk.named("writer").await, desk.named("editor").await);
    let client = desk.named("client").await;
    let thread = open_thread(&desk, &writer).await;
    let between = Between::begin(&desk, &writer).await;
    say(&client, &thread).await;
    let path = format!("{thread}participants/{}/", desk.world.writer.id);
    editor.delete(&path).await.check_no_content();
    between.tells_nothing().await;
}

/// contract: streams.rights, events.visible
#[tokio::test]
async fn nobody_is_told_of_a_hidden_file() {
    let desk = desk().await;
    let (writer, editor) = (desk.named("writer").await, desk.named("editor").await);
    let between = Between::begin(&desk, &writer).await;
    let form = Form::new().file("file", "a.txt", b"bytes");
    let uploaded = editor.post_form(&upload_path(&desk), form).await;
    let file = uploaded.check_json(201);
    let path = format!("{}files/{}/", bundle_path(&desk), file["id"]);
    let hide = json!({"is_visible_to_writer": false});
    editor.patch(&path, &hide).await.check_json(200);
    between.tells_nothing().await;
}

/// contract: streams.rights, events.visible
#[tokio::test]
async fn a_requester_is_told_nothing_of_internal_notes() {
    let desk = desk().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let between = Between::begin(&desk, &client).await;
    add_note(&editor, &ticket, true).await;
    between.tells_nothing().await;
}

/// contract: streams.rights
#[tokio::test]
async fn an_ended_session_is_told_nothing_more() {
    let desk = desk().await;
    let (client, editor) = (desk.named("client").await, desk.named("editor").await);
    let ticket = open_ticket(&client).await;
    let mut between = Between::begin(&desk, &client).await;
    add_note(&editor, &ticket, false).await;
    let other = desk.with_token(client.token());
    other
        .post("/api/v1/auth/logout/", &json!({}))
        .await
        .check_no_content();
    desk.log.open();
    assert_eq!(between.stream.reason().await, "unauthenticated");
}
