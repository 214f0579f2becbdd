//! The programs of docs/events.md do what the page says.

use std::process::Stdio;

use classdesk_test_browser::Browser;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::client::Client;
use crate::event_streams::open_ticket;
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server};
use crate::relay::Relay;

const PAGE: &str = include_str!("../../../../docs/events.md");

/// Prints what the function of the page yields.
const MAIN: &str = r"
import sys

for name, data in follow(sys.argv[1], sys.argv[2]):
    print(json.dumps([name, data]), flush=True)
";

/// The next line that the program prints.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<(String, Value)> {
    let line = tokio::time::timeout(PATIENCE, lines.next_line());
    let line = line.await.expect("a line in time").expect("text")?;
    Some(serde_json::from_str(&line).expect("a pair"))
}

/// contract: streams.resume, streams.end
#[tokio::test(flavor = "multi_thread")]
async fn the_program_in_python_goes_on_after_a_stream_and_ends_with_the_session() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--stream-lifetime", "1s"]).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "clara", "client").await;
    let (_, block) = PAGE.split_once("```python\n").expect("a program");
    let (program, _) = block.split_once("```").expect("its end");
    let mut child = Command::new("python3")
        .arg("-c")
        .arg(format!("{program}{MAIN}"))
        .args([&server.url, client.token()])
        .kill_on_drop(true)
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed: apt-get install python3, or brew install python");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let (mut opened, mut told, mut ends) = (Vec::new(), Vec::new(), 0);
    // A stream lasts for a second, so that the tickets are told of by several.
    while ends < 2 || told.len() < opened.len() {
        let (name, data) = next(&mut lines).await.expect("it runs");
        match name.as_str() {
            "ready" if ends < 2 => opened.push(open_ticket(&client).await),
            "ready" => {}
            "message" => told.push(data["ticket"].as_i64().expect("a ticket")),
            "end" => {
                assert_eq!(data, json!({"reason": "lifetime"}));
                ends += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(opened.len() >= 2);
    assert_eq!(told, opened, "in order, each once");
    client
        .post("/api/v1/auth/logout/", &json!({}))
        .await
        .check(204);
    while next(&mut lines).await.is_some() {}
    assert!(child.wait().await.expect("it ends").success());
    server.stop().await;
}

/// Begins to follow in a page, with the function of docs/events.md.
pub(crate) async fn follow_in(browser: &Browser, arguments: &[Value]) {
    let (_, block) = PAGE.split_once("```js\n").expect("a program");
    let (program, _) = block.split_once("```").expect("its end");
    let begin = format!("{program} window.events = follow(...arguments);");
    browser.run(&begin, arguments).await.expect("it begins");
}

/// What the function yields next; `None` when it has ended.
pub(crate) async fn next_in(browser: &Browser) -> Option<(String, Value)> {
    let next = "return (await window.events.next()).value;";
    let next = browser.run(next, &[]).await.expect("something in time");
    serde_json::from_value(next).expect("a pair or null")
}

/// contract: streams.resume, streams.reset, streams.end
#[tokio::test(flavor = "multi_thread")]
async fn the_function_in_a_browser_goes_on_after_a_cut_and_ends_with_the_session() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--stream-lifetime", "2s"]).await;
    let relay = Relay::start(&server).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "clara", "client").await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/docs/", relay.url)).await;
    let (url, token) = (json!(relay.url), json!(client.token()));
    follow_in(&browser, &[url.clone(), token.clone()]).await;
    let (mut opened, mut told, mut ends, mut cuts) = (Vec::new(), Vec::new(), 0, 0);
    while ends < 1 || cuts < 2 || told.len() < opened.len() {
        let (name, data) = next_in(&browser).await.expect("it goes on");
        match name.as_str() {
            "ready" if ends < 1 || cuts < 2 => opened.push(open_ticket(&client).await),
            "ready" => {}
            "message" => {
                told.push(data["ticket"].as_i64().expect("a ticket"));
                if cuts < 2 {
                    relay.cut();
                    cuts += 1;
                    opened.push(open_ticket(&client).await);
                }
            }
            "end" => {
                assert_eq!(data, json!({"reason": "lifetime"}));
                ends += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(opened.len() >= 4);
    assert_eq!(told, opened, "in order, each once");

    follow_in(&browser, &[url, token, json!(1_000_000)]).await;
    assert_eq!(next_in(&browser).await.expect("a frame").0, "ready");
    assert_eq!(next_in(&browser).await.expect("a frame").0, "reset");
    client
        .post("/api/v1/auth/logout/", &json!({}))
        .await
        .check(204);
    while next_in(&browser).await.is_some() {}
    server.stop().await;
}

/// A server in the page, which tells what it was asked for and answers with these texts.
const SERVER_IN_PAGE: &str = r#"
    window.asked = [];
    const answers = [
        ["retry: 1\nid: 5\nevent: ready\ndata: {}\n\nid: 9\n", "\n"],
        null,
        ["data: {}\n\n"],
    ];
    window.fetch = async (url, { headers }) => {
        window.asked.push(headers["Last-Event-ID"] ?? null);
        const texts = answers.shift();
        if (!texts) return new Response(null, { status: 503 });
        return new Response(new ReadableStream({
            start(body) {
                for (const text of texts) body.enqueue(new TextEncoder().encode(text));
                body.close();
            },
        }));
    };
"#;

/// contract: streams.frames
#[tokio::test(flavor = "multi_thread")]
async fn the_function_in_a_browser_moves_with_heartbeats_and_tries_again() {
    let browser = Browser::start().await;
    browser.run(SERVER_IN_PAGE, &[]).await.expect("it is there");
    follow_in(&browser, &[json!(""), json!("")]).await;
    assert_eq!(next_in(&browser).await.expect("a frame").0, "ready");
    assert_eq!(next_in(&browser).await.expect("a frame").0, "message");
    let asked = browser.run("return window.asked;", &[]).await;
    assert_eq!(asked, Ok(json!([null, "9", "9"])));
}
