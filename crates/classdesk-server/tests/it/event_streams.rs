//! Events as a stream of the program: at two servers, through nginx, and until it stops.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::program::PATIENCE;

/// A stream as a client gets it.
pub(crate) struct EventStream {
    response: reqwest::Response,
    text: String,
}

/// What a frame says: its name, its id and its data.
pub(crate) struct Frame {
    pub(crate) name: String,
    pub(crate) id: Option<i64>,
    pub(crate) data: Value,
}

impl EventStream {
    /// Begins after an event, or with what happens from now on.
    pub(crate) async fn begin(client: &Client, after: Option<i64>) -> Self {
        let request = client.request(Method::GET, "/api/v1/events/");
        let request = request.header("accept", "text/event-stream");
        let request = match after {
            Some(after) => request.header("last-event-id", after.to_string()),
            None => request,
        };
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let mut stream = Self {
            response,
            text: String::new(),
        };
        assert_eq!(stream.next().await.name, "ready");
        stream
    }

    /// The next frame with data.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = frame.lines();
                    lines.filter_map(|line| line.strip_prefix(name)).next()
                };
                let data = field("data: ").map(|text| serde_json::from_str(text).expect("JSON"));
                let (name, id) = (field("event: "), field("id: "));
                let found = data.map(|data| Frame {
                    name: name.unwrap_or_default().to_owned(),
                    id: id.map(|id| id.parse().expect("a number")),
                    data,
                });
                self.text = rest.to_owned();
                match found {
                    Some(frame) => return frame,
                    None => continue,
                }
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk());
            let piece = piece.await.expect("a piece in time").expect("no cut");
            let piece = piece.expect("the stream goes on");
            self.text
                .push_str(std::str::from_utf8(&piece).expect("text"));
        }
    }

    /// The next event: its id, and the ticket that it is about.
    pub(crate) async fn next_ticket(&mut self) -> (i64, i64) {
        let frame = self.next().await;
        assert_eq!(frame.data["type"], "ticket.created");
        let ticket = frame.data["ticket"].as_i64().expect("a ticket");
        (frame.id.expect("an id"), ticket)
    }
}

pub(crate) async fn open_ticket(client: &Client) -> i64 {
    let body = json!({"title": "Help", "description": ""});
    client.post("/api/v1/tickets/", &body).await.created()
}

/// How long a stop may take with nothing but streams to end.
pub(crate) const SOON: Duration = Duration::from_secs(10);
