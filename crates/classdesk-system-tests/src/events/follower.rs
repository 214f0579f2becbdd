//! One person who follows the events, and whose connection is cut again and again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use reqwest::{Method, Response, StatusCode};
use tokio::time::{sleep, timeout};

use crate::client::{Client, take_event_ids};

/// The pause after a request that was refused or broke off.
const PAUSE: Duration = Duration::from_millis(5);

/// The longest life of most connections, and of a few, in milliseconds.
const SHORT: u64 = 300;
const LONG: u64 = 1_000;

/// How the events are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Stream,
    LongPoll,
}

/// A part of the log that a follower has got: all that it says of the events in it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) person: i64,
    pub(super) after: i64,
    pub(super) up_to: i64,
    pub(super) told: Vec<i64>,
    /// The last change that was done when the request began.
    pub(super) begun: usize,
    /// The last change that had begun when the answer was there.
    pub(super) ended: usize,
}

impl Part {
    /// Whether an event is in it.
    pub(super) const fn covers(&self, id: i64) -> bool {
        self.after < id && id <= self.up_to
    }
}

/// What followers have to know, and what they have got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The servers that run.
    pub(super) urls: Vec<String>,
    pub(super) clients: BTreeMap<i64, Client>,
    /// How many changes were done, and how many have begun.
    pub(super) done: usize,
    pub(super) begun: usize,
    pub(super) parts: Vec<(Door, Part)>,
    pub(super) cuts: u64,
    pub(super) faults: Vec<String>,
}

/// The same for all.
#[derive(Clone, Default)]
pub(super) struct SharedProgress(Arc<Mutex<Progress>>);

impl SharedProgress {
    pub(super) fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who follows.
pub(super) struct Follower {
    progress: SharedProgress,
    person: i64,
    door: Door,
    rng: Rng,
    /// How far they have come.
    last: i64,
}

impl Follower {
    pub(super) fn new(
        progress: &SharedProgress,
        person: i64,
        door: Door,
        last: i64,
        rng: Rng,
    ) -> Self {
        let progress = progress.clone();
        Self {
            progress,
            person,
            door,
            rng,
            last,
        }
    }

    /// Follows until the task is ended.
    pub(super) async fn follow(&mut self) {
        loop {
            let longest = if self.rng.u8(..4) == 0 { LONG } else { SHORT };
            let life = Duration::from_millis(self.rng.u64(1..longest));
            let connected = self.connect();
            match timeout(life, connected).await {
                Err(_) => self.progress.lock().cuts += 1,
                Ok(Err(error)) => self.fault(&error),
                Ok(Ok(())) => {}
            }
        }
    }

    /// Reads what is left, page by page.
    pub(super) async fn catch_up(&mut self) -> Result<()> {
        loop {
            let before = self.last;
            let (viewer, begun) = self.viewer().context("nobody serves")?;
            let path = format!("/api/v1/events/?limit=200&after={before}");
            let response = viewer.request(Method::GET, &path).send().await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                return Ok(());
            }
            self.take_page(response, begun).await?;
            if self.last == before {
                return Ok(());
            }
        }
    }

    /// What can't be explained by a server that was killed.
    fn fault(&self, error: &anyhow::Error) {
        if error.downcast_ref::<reqwest::Error>().is_none() {
            let (person, door) = (self.person, self.door);
            let fault = format!("{person} by {door:?}: {error:#}");
            self.progress.lock().faults.push(fault);
        }
    }

    /// They themselves at any of the servers, and how many changes are done.
    fn viewer(&mut self) -> Option<(Client, usize)> {
        let shared = self.progress.lock();
        let url = self.rng.choice(&shared.urls)?;
        let viewer = shared.clients.get(&self.person)?.at(url);
        Some((viewer, shared.done))
    }

    /// One request, to its end.
    async fn connect(&mut self) -> Result<()> {
        let Some((viewer, begun)) = self.viewer() else {
            sleep(PAUSE).await;
            return Ok(());
        };
        let request = match self.door {
            Door::Stream => {
                let request = viewer.request(Method::GET, "/api/v1/events/");
                let request = request.header("accept", "text/event-stream");
                request.header("last-event-id", self.last.to_string())
            }
            Door::LongPoll => {
                let (limit, after) = (self.rng.u32(1..50), self.last);
                let path = format!("/api/v1/events/?wait=1&limit={limit}&after={after}");
                viewer.request(Method::GET, &path)
            }
        };
        let Ok(response) = request.send().await else {
            sleep(PAUSE).await;
            return Ok(());
        };
        match response.status() {
            StatusCode::OK => {}
            // They are signed out, or connections that were cut still count.
            StatusCode::UNAUTHORIZED
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE => {
                sleep(PAUSE).await;
                return Ok(());
            }
            status => bail!("{status} after {}", self.last),
        }
        match self.door {
            Door::Stream => self.take_stream(response, begun).await,
            Door::LongPoll => self.take_page(response, begun).await,
        }
    }

    async fn take_stream(&mut self, mut response: Response, begun: usize) -> Result<()> {
        let mut text = String::new();
        while let Some(piece) = response.chunk().await? {
            text.push_str(std::str::from_utf8(&piece)?);
            if text.contains("event: reset") {
                bail!("the stream is reset after {}", self.last);
            }
            for id in take_event_ids(&mut text)? {
                self.take(id, vec![id], begun);
            }
        }
        Ok(())
    }

    async fn take_page(&mut self, response: Response, begun: usize) -> Result<()> {
        let response = response.error_for_status()?;
        let up_to = response.headers().get("last-event-id");
        let up_to = up_to.context("no position")?.to_str()?.parse()?;
        let page: Vec<serde_json::Value> = response.json().await?;
        let told: Option<_> = page.iter().map(|event| event["id"].as_i64()).collect();
        self.take(up_to, told.context("an event without an id")?, begun);
        Ok(())
    }

    fn take(&mut self, up_to: i64, told: Vec<i64>, begun: usize) {
        let mut shared = self.progress.lock();
        let part = Part {
            person: self.person,
            after: self.last,
            up_to,
            told,
            begun,
            ended: shared.begun,
        };
        self.last = up_to;
        shared.parts.push((self.door, part));
    }
}
