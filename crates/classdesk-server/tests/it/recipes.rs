//! The program of docs/events.md does what the page says.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::client::Client;
use crate::event_streams::open_ticket;
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server};

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
