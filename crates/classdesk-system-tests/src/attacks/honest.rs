//! People who only want to work, and how they fare.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{PASSWORD, send};
use crate::load::fixture::{BUNDLES, TICKETS};

use super::fixture::Fixture;
use super::wire::{ask, head};

/// Where honest people sign in from.
pub(super) const ADDRESS: &str = "192.0.2.7";

/// How long an honest request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What honest people did.
pub(super) struct Honest {
    fixture: Arc<Fixture>,
    outcomes: Mutex<Outcomes>,
}

#[derive(Default)]
struct Outcomes {
    took: Vec<Duration>,
    logins: Vec<Duration>,
    failures: Vec<String>,
}

impl Honest {
    pub(super) fn new(fixture: Arc<Fixture>) -> Self {
        Self {
            fixture,
            outcomes: Mutex::default(),
        }
    }

    /// Reads over kept and new connections, writes, uploads and signs in, for so long.
    pub(super) async fn work(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        let go_on = || Instant::now() < end;
        tokio::join!(
            async {
                while go_on() {
                    self.note("a list", self.read()).await;
                    sleep(Duration::from_millis(10)).await;
                }
            },
            async {
                while go_on() {
                    self.note("a new connection", self.connect()).await;
                    sleep(Duration::from_millis(10)).await;
                }
            },
            async {
                while go_on() {
                    self.note("a ticket", self.write()).await;
                    self.note("an upload", self.upload()).await;
                    sleep(Duration::from_millis(50)).await;
                }
            },
            async {
                while go_on() {
                    let begun = Instant::now();
                    match timeout(PATIENCE, self.sign_in()).await {
                        Ok(Ok(())) => self.with(|all| all.logins.push(begun.elapsed())),
                        Ok(Err(error)) => self.fail("a sign-in", &format!("{error:#}")),
                        Err(_) => self.fail("a sign-in", "no answer"),
                    }
                    sleep(Duration::from_millis(200)).await;
                }
            },
        );
        Ok(())
    }

    async fn note(&self, what: &str, request: impl Future<Output = Result<()>>) {
        let begun = Instant::now();
        match timeout(PATIENCE, request).await {
            Ok(Ok(())) => self.with(|all| all.took.push(begun.elapsed())),
            Ok(Err(error)) => self.fail(what, &format!("{error:#}")),
            Err(_) => self.fail(what, "no answer"),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Outcomes) -> T) -> T {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut outcomes)
    }

    fn fail(&self, what: &str, why: &str) {
        self.with(|all| all.failures.push(format!("{what}: {why}")));
    }

    async fn read(&self) -> Result<()> {
        let path = format!("{TICKETS}?limit=20");
        self.fixture.honest.get(&path).await?.expect(200)
    }

    async fn connect(&self) -> Result<()> {
        let token = format!("Bearer {}", self.fixture.honest.token());
        let headers = [("authorization", token.as_str()), ("connection", "close")];
        let request = head("GET", "/api/v1/auth/me/", &headers);
        let status = ask(self.fixture.address(), request.as_bytes()).await?;
        ensure!(status == 200, "{status}");
        Ok(())
    }

    async fn write(&self) -> Result<()> {
        let body = json!({ "title": "Help", "description": "The file does not open" });
        self.fixture.honest.post(TICKETS, &body).await?.expect(201)
    }

    async fn upload(&self) -> Result<()> {
        let path = format!("{BUNDLES}{}/upload_file/", self.fixture.honest_bundle);
        let file = Part::bytes(vec![b'a'; 10_000]).file_name("notes.txt");
        let request = self.fixture.honest.request(Method::POST, &path);
        let answer = send(request.multipart(Form::new().part("file", file))).await?;
        answer.expect(201)
    }

    async fn sign_in(&self) -> Result<()> {
        let body = json!({ "username": "clara", "password": PASSWORD });
        let request = self
            .fixture
            .honest
            .request(Method::POST, "/api/v1/auth/login/");
        let answer = send(request.header("x-forwarded-for", ADDRESS).json(&body)).await?;
        answer.expect(200)
    }

    /// How many requests they made.
    pub(super) fn requests(&self) -> u64 {
        self.with(|all| (all.took.len() + all.logins.len() + all.failures.len()) as u64)
    }

    /// What failed, and why.
    pub(super) fn failures(&self) -> Vec<String> {
        self.with(|all| all.failures.clone())
    }

    /// The time that all but one of a hundred requests took at most, without sign-ins.
    pub(super) fn p99(&self) -> Duration {
        let mut took = self.with(|all| all.took.clone());
        took.sort_unstable();
        let place = took.len() * 99 / 100;
        took.get(place).copied().unwrap_or_default()
    }

    /// The time that the slowest sign-in took.
    pub(super) fn slowest_login(&self) -> Duration {
        self.with(|all| all.logins.iter().max().copied().unwrap_or_default())
    }
}
