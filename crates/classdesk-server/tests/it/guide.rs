//! The API guide, executed.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::client::Client;
use crate::fixture::Fixture;
use crate::program::Server;

const GUIDE: &str = include_str!("../../../../docs/api.md");

/// What stands for anything in the guide.
const ANYTHING: char = '…';

/// A request or an answer as the guide writes it.
#[derive(Debug)]
struct Block<'g> {
    first: &'g str,
    headers: Vec<(&'g str, &'g str)>,
    body: &'g str,
}

impl<'g> Block<'g> {
    fn parse(text: &'g str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.trim().lines();
        let first = lines.next().expect("a block has a first line");
        let headers = lines.map(|line| line.split_once(": ").expect("a header has a value"));
        Self {
            first,
            headers: headers.collect(),
            body: body.trim_end(),
        }
    }
}

/// The blocks of the guide, requests and answers by turns.
fn blocks() -> Vec<Block<'static>> {
    let fenced = GUIDE.split("```http\n").skip(1);
    fenced
        .map(|rest| Block::parse(rest.split_once("```").expect("a block ends").0))
        .collect()
}

/// Whether a text is what the guide shows, where it shows something.
fn is_like(shown: &str, found: &str) -> bool {
    match shown.split_once(ANYTHING) {
        None => shown == found,
        Some((begin, end)) => {
            found.len() >= begin.len() + end.len()
                && found.starts_with(begin)
                && found.ends_with(end)
        }
    }
}

/// Checks that everything that is shown is there; objects may have more fields than are shown.
#[track_caller]
fn check_shown(shown: &Value, found: &Value, place: &str) {
    match (shown, found) {
        (Value::Object(shown), Value::Object(found)) => {
            for (name, value) in shown {
                let place = format!("{place}.{name}");
                let found = found.get(name).unwrap_or_else(|| panic!("no {place}"));
                check_shown(value, found, &place);
            }
        }
        (Value::Array(shown), Value::Array(found)) => {
            assert_eq!(shown.len(), found.len(), "{place}: {found:?}");
            for (at, (shown, found)) in shown.iter().zip(found).enumerate() {
                check_shown(shown, found, &format!("{place}[{at}]"));
            }
        }
        (Value::String(shown), Value::String(found)) => {
            assert!(is_like(shown, found), "{place} is {found:?}, not {shown:?}");
        }
        _ => assert_eq!(shown, found, "{place}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_shows_what_happens() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--demo"]).await;
    let client = Client::nobody(&server);
    let mut variables = BTreeMap::from([("$TOKEN", String::new())]);
    let blocks = blocks();
    assert!(blocks.len() > 20 && blocks.len().is_multiple_of(2));
    for pair in blocks.chunks(2) {
        let [request, answer] = pair else { continue };
        let fill = |text: &str| {
            let known = variables.iter();
            known.fold(text.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
        };
        let (method, path) = request.first.split_once(' ').expect("a method and a path");
        let method: Method = method.parse().expect("a method");
        let mut sent = client.request(method, &fill(path));
        for (name, value) in &request.headers {
            sent = sent.header(*name, fill(value));
        }
        // Lines of a form end as they do on the wire.
        let body = if request.body.starts_with("--") {
            request.body.replace('\n', "\r\n") + "\r\n"
        } else {
            request.body.to_owned()
        };
        let got = sent.body(body).send().await.expect("an answer");
        let (status, headers) = (got.status(), got.headers().clone());
        let body = got.bytes().await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        let seen = format!("{}: {status} {text}", request.first);

        let expected = answer.first.strip_prefix("HTTP/1.1 ");
        assert_eq!(expected, Some(status.as_str()), "{seen}");
        for (name, shown) in &answer.headers {
            let found = headers.get(*name).and_then(|value| value.to_str().ok());
            let found = found.unwrap_or_else(|| panic!("no {name}: {seen}"));
            assert!(is_like(shown, found), "{name}: {found} in {seen}");
        }
        if !answer.body.is_empty() {
            let shown = serde_json::from_str(answer.body).expect("the guide shows JSON");
            let found: Value = serde_json::from_slice(&body).expect("the answer is JSON");
            check_shown(&shown, &found, &seen);
            if let Some(token) = found["access_token"].as_str() {
                variables.insert("$TOKEN", token.to_owned());
            }
            let url = found["url"].as_str();
            if let Some(link) = url.and_then(|url| url.strip_prefix(&server.url)) {
                variables.insert("$LINK", link.to_owned());
            }
        }
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        if let Some(tag) = text("etag") {
            variables.insert("$ETAG", tag);
        }
        if let Some(link) = text("link") {
            let url = link.trim_start_matches('<').split('>').next();
            let next = url.and_then(|url| url.strip_prefix(&server.url));
            variables.insert("$NEXT", next.expect("a URL of this server").to_owned());
        }
    }
    server.stop().await;
}
