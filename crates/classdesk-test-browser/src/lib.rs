//! A headless Chromium for tests, driven by WebDriver (W3C): pages are opened, and scripts run in them.
//!
//! Each [`Browser`] has a profile of its own and ends with its last use. It finds the programs
//! `chromedriver` and Chromium or Chrome by itself. Without them a test fails and says how to get them.
//! Every function panics when the browser does not do as it is told.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Chromium is told besides its profile. Tests show it nothing but pages of their own, so that it
/// needs no sandbox, which a superuser can't have. It has no network but loopback.
const OPTIONS: [&str; 5] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A browser with one page.
pub struct Browser {
    http: reqwest::Client,
    driver: SocketAddr,
    /// The path of the session at the driver.
    session: String,
    _process: Child,
    /// The rest of what the driver prints; without a reader it could not print.
    _output: Lines<BufReader<ChildStdout>>,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    pub async fn start() -> Self {
        // It is refused when it was done before, by another test of this process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        let http = http.build().expect("an HTTP client");
        let (process, output, driver) = tokio::time::timeout(PATIENCE, start_driver())
            .await
            .expect("chromedriver gets ready");
        let profile = TempDir::new().expect("a temporary folder");
        let own_profile = format!("--user-data-dir={}", profile.path().display());
        let options: Vec<_> = OPTIONS.into_iter().chain([&*own_profile]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {
                "args": options,
                "prefs": {"download.default_directory": downloads(&profile)},
            },
            "timeouts": {"script": PATIENCE.as_millis()},
        }}});
        let mut browser = Self {
            http,
            driver,
            session: "/session".to_owned(),
            _process: process,
            _output: output,
            profile,
        };
        let begun = browser.command("", &wanted).await;
        let begun = begun.expect("chromium is installed: apt-get install chromium chromium-driver");
        let id = begun["sessionId"].as_str().expect("a session has an id");
        browser.session = format!("/session/{id}");
        browser
    }

    /// Goes to a page, and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        let opened = self.command("/url", &json!({"url": url})).await;
        opened.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Runs the body of an async function in the page, and gives what it returns. The script has
    /// `arguments`, as any function. It may set properties of `window` for later ones.
    ///
    /// # Errors
    /// What the script throws, as text.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Result<Value, String> {
        let script = format!("return (async function () {{ {script}\n }})(...arguments);");
        let body = json!({"script": script, "args": arguments});
        self.command("/execute/sync", &body).await
    }

    /// The bytes of a file that a page downloads under this name, once they are all there. The file
    /// must not be empty.
    pub async fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = downloads(&self.profile).join(name);
        // Until it is whole, it has another name, and an empty file holds its place.
        let arrives = async {
            loop {
                match std::fs::read(&path) {
                    Ok(bytes) if !bytes.is_empty() => break bytes,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, arrives).await;
        arrived.expect("the download arrives")
    }

    async fn command(&self, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("http://{}{}{path}", self.driver, self.session);
        let answer = self.http.post(url).json(body).send().await;
        let answer = answer.expect("chromedriver answers");
        let is_done = answer.status().is_success();
        let mut answer: Value = answer.json().await.expect("JSON of WebDriver");
        let value = answer["value"].take();
        if is_done {
            Ok(value)
        } else {
            Err(value["message"].as_str().unwrap_or_default().to_owned())
        }
    }
}

/// Ends the browser: the driver alone would leave it behind.
impl Drop for Browser {
    fn drop(&mut self) {
        let Ok(mut driver) = TcpStream::connect(self.driver) else {
            return;
        };
        let session = &self.session;
        let head =
            format!("DELETE {session} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        // The answer comes when the browser has ended, and its profile can be removed.
        let _ = driver.set_read_timeout(Some(PATIENCE));
        let _ = driver.write_all(head.as_bytes());
        let _ = driver.read(&mut [0; 64]);
    }
}

/// Where the browser puts downloads.
fn downloads(profile: &TempDir) -> PathBuf {
    profile.path().join("downloads")
}

/// Starts the driver on a free port, and gives its address.
async fn start_driver() -> (Child, Lines<BufReader<ChildStdout>>, SocketAddr) {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed: apt-get install chromium chromium-driver");
    let stdout = process.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("text") {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let port: u16 = port.trim_end_matches('.').parse().expect("a port");
            return (process, lines, SocketAddr::from(([127, 0, 0, 1], port)));
        }
    }
    panic!("chromedriver ended before it was ready");
}
