//! Two servers on one PostgreSQL and one bucket behave as one.

use reqwest::Method;
use serde_json::json;

use crate::client::{Client, PASSWORD, send};
use crate::event_streams::{EventStream, open_ticket};
use crate::files::PDF;
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server, run, stdout};

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";

struct Pair {
    fixture: Fixture,
    one: Server,
    other: Server,
}

impl Pair {
    async fn start() -> Self {
        let fixture = Fixture::remote().await;
        let often = ["--sweep-interval", "1s"];
        // Both start on the empty database at once: one migrates and creates the superadmin.
        let (one, other) = tokio::join!(
            Server::start_with(&fixture, &often),
            Server::start_with(&fixture, &often)
        );
        Self {
            fixture,
            one,
            other,
        }
    }

    async fn stop(self) {
        tokio::join!(self.one.stop(), self.other.stop());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_holds_and_ends_at_both() {
    let pair = Pair::start().await;
    let here = Client::superadmin(&pair.one).await;
    let there = here.at(&pair.other);
    there.get("/api/v1/auth/me/").await.check(200);
    here.post("/api/v1/auth/logout/", &json!({}))
        .await
        .check(204);
    there.get("/api/v1/auth/me/").await.check(401);
    pair.stop().await;
}

/// contract: streams.resume
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_at_the_other() {
    let pair = Pair::start().await;
    let superadmin = Client::superadmin(&pair.one).await;
    let here = superadmin.hire(&pair.one, "clara", "client").await;
    let there = here.at(&pair.other);
    let mut stream = EventStream::begin(&here, None).await;
    let mut last = None;
    for round in 0..6 {
        // What is written at either is told at either.
        let (writer, reader) = if round % 2 == 0 {
            (&there, &there)
        } else {
            (&here, &here)
        };
        let tickets = [open_ticket(writer).await, open_ticket(&here).await];
        for ticket in tickets {
            let (id, told) = stream.next_ticket().await;
            assert_eq!(told, ticket);
            assert!(last < Some(id), "ids ascend");
            last = Some(id);
        }
        stream = EventStream::begin(reader, last).await;
    }
    drop(stream);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_at_the_other_creates_nothing() {
    let pair = Pair::start().await;
    let here = Client::superadmin(&pair.one).await;
    let client = here.hire(&pair.one, "clara", "client").await;
    let body = json!({ "client_id": client.id, "title": "Spring" });
    let create = |at: &Client| {
        let request = at.request(Method::POST, BUNDLES).json(&body);
        send(request.header("Idempotency-Key", "spring-1"))
    };
    let first = create(&here).await;
    let retried = create(&here.at(&pair.other)).await;
    assert_eq!(first.created(), retried.created());
    assert_eq!(retried.headers["idempotency-replayed"], "true");
    let all = here.get(BUNDLES).await.json(200);
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_count_together() {
    let pair = Pair::start().await;
    let superadmin = Client::superadmin(&pair.one).await;
    superadmin.hire(&pair.one, "clara", "client").await;
    let (here, there) = (Client::nobody(&pair.one), Client::nobody(&pair.other));
    for at in [&here, &there, &here, &there, &here] {
        at.try_sign_in("clara", "a wrong password").await.check(401);
    }
    for at in [&here, &there] {
        let refused = at.try_sign_in("clara", PASSWORD).await;
        refused.check(429);
        assert!(refused.headers.contains_key("retry-after"));
    }
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_to_one_version_one_is_first() {
    let pair = Pair::start().await;
    let here = Client::superadmin(&pair.one).await;
    let there = here.at(&pair.other);
    let client = here.hire(&pair.one, "clara", "client").await;
    let body = json!({ "client_id": client.id, "title": "Spring" });
    let bundle = here.post(BUNDLES, &body).await.created();
    let path = format!("{BUNDLES}{bundle}/");
    for round in 0..20 {
        let version = here.get(&path).await.headers["etag"].clone();
        let change = |at: &Client, title: String| {
            let request = at
                .request(Method::PATCH, &path)
                .header("If-Match", &version);
            send(request.json(&json!({ "title": title })))
        };
        let (one, other) = tokio::join!(
            change(&here, format!("here {round}")),
            change(&there, format!("there {round}")),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_who_is_replaced_at_one_is_out_at_the_other() {
    let pair = Pair::start().await;
    let here = Client::superadmin(&pair.one).await;
    let client = here.hire(&pair.one, "clara", "client").await;
    let writer = here.hire(&pair.one, "walter", "writer").await;
    let body = json!({
        "client_id": client.id,
        "assigned_writer_id": writer.id,
        "title": "Spring",
    });
    let path = format!("{BUNDLES}{}/", here.post(BUNDLES, &body).await.created());
    let there = writer.at(&pair.other);
    there.get(&path).await.check(200);
    let nobody = json!({ "writer_id": null });
    here.post(&format!("{path}assign_writer/"), &nobody)
        .await
        .check(200);
    there.get(&path).await.check(404);
    there
        .upload(&format!("{path}upload_file/"), "file", &PDF, &[])
        .await
        .check(404);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_at_one_is_swept_once() {
    let pair = Pair::start().await;
    let here = Client::superadmin(&pair.one).await;
    let client = here.hire(&pair.one, "clara", "client").await;
    let body = json!({ "client_id": client.id, "title": "Spring" });
    let path = format!("{BUNDLES}{}/", here.post(BUNDLES, &body).await.created());
    let upload = format!("{path}upload_file/");
    let kept = here.upload(&upload, "file", &PDF, &[]).await.created();
    for _ in 0..8 {
        let file = here.upload(&upload, "file", &PDF, &[]).await.created();
        let there = here.at(&pair.other);
        there
            .delete(&format!("{path}files/{file}/"))
            .await
            .check(204);
    }
    let swept = async {
        while !stdout(&run(&pair.fixture, &["check"]).await).contains(" 1 objects listed, 0 ") {}
    };
    tokio::time::timeout(PATIENCE, swept)
        .await
        .expect("the deleted files are swept");
    let bytes = here.get(&format!("{path}files/{kept}/download/")).await;
    assert!(bytes.body == PDF.bytes);
    pair.stop().await;
}
