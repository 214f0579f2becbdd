//! A client that follows the events through every restart, and cuts its own connection as well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use reqwest::Method;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::client::{Client, take_event_ids};
use crate::programs::TIMEOUT;
use crate::report::Report;

/// How long it waits before it comes again.
const PAUSE: Duration = Duration::from_millis(10);

/// What it was told so far.
#[derive(Debug, Default)]
struct Told {
    ids: Vec<i64>,
    cuts: u64,
}

/// Follows the events of all.
pub(super) struct Follower {
    viewer: Client,
    url: watch::Sender<String>,
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Follower {
    pub(super) fn start(viewer: &Client, url: &str, rng: Rng) -> Self {
        let url = watch::Sender::new(url.to_owned());
        let told = Arc::<Mutex<Told>>::default();
        let follow = follow(viewer.clone(), url.subscribe(), told.clone(), rng);
        Self {
            viewer: viewer.clone(),
            url,
            told,
            task: tokio::spawn(follow),
        }
    }

    /// The server is elsewhere now.
    pub(super) fn go_to(&self, url: &str) {
        self.url.send_replace(url.to_owned());
    }

    /// Compares what was told with the whole feed.
    pub(super) async fn verify(&self, report: &mut Report) -> Result<()> {
        let url = self.url.borrow().clone();
        let feed = self.viewer.at(&url).feed().await?;
        let feed: Option<Vec<i64>> = feed.iter().map(|event| event["id"].as_i64()).collect();
        let feed = feed.context("an event without an id")?;
        let begun = Instant::now();
        while self.told(|told| told.ids.last() < feed.last()) && begun.elapsed() < TIMEOUT {
            sleep(PAUSE).await;
        }
        let (told, cuts) = self.told(|told| (told.ids.clone(), std::mem::take(&mut told.cuts)));
        if told != feed {
            let lost: Vec<_> = feed.iter().filter(|id| !told.contains(id)).collect();
            report.violation(format!(
                "a follower was told of {} events and not of {}, and lost {lost:?}",
                told.len(),
                feed.len()
            ));
        }
        report.add("cuts of a stream", cuts);
        Ok(())
    }

    fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(
    viewer: Client,
    url: watch::Receiver<String>,
    told: Arc<Mutex<Told>>,
    mut rng: Rng,
) {
    loop {
        let viewer = viewer.at(&url.borrow());
        // A server that is killed breaks the connection off, and so does the follower itself.
        let _ = read(&viewer, &told, rng.usize(1..40)).await;
        told.lock().unwrap_or_else(PoisonError::into_inner).cuts += 1;
        sleep(PAUSE).await;
    }
}

/// Reads so many pieces of a stream, from where the last one was cut off.
async fn read(viewer: &Client, told: &Mutex<Told>, pieces: usize) -> Result<()> {
    let lock = || told.lock().unwrap_or_else(PoisonError::into_inner);
    let last = lock().ids.last().copied().unwrap_or(0);
    let request = viewer.request(Method::GET, "/api/v1/events/");
    let request = request.header("accept", "text/event-stream");
    let request = request.header("last-event-id", last.to_string());
    let mut response = request.send().await?.error_for_status()?;
    let mut text = String::new();
    for _ in 0..pieces {
        let piece = response.chunk().await?.context("the stream has ended")?;
        text.push_str(std::str::from_utf8(&piece)?);
        lock().ids.extend(take_event_ids(&mut text)?);
    }
    Ok(())
}
