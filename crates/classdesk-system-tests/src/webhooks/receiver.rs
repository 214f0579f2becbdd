//! A receiver on loopback that counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// For how long a request is held, in microseconds at most.
const HELD: u64 = 10_000;

/// What arrived for one webhook.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// How often each event arrived.
    pub(super) events: BTreeMap<i64, u64>,
    /// How many requests are held now, and how many there were at once.
    held: u64,
    pub(super) most_at_once: u64,
}

type ByPath = BTreeMap<String, Arrived>;

/// Answers every request after a while.
pub(super) struct Receiver {
    pub(super) url: String,
    arrived: Arc<Mutex<ByPath>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start(mut rng: Rng) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let arrived = Arc::<Mutex<ByPath>>::default();
        let counts = arrived.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let pause = Duration::from_micros(rng.u64(..HELD));
                let counts = counts.clone();
                // A sender that was killed breaks off, which is no fault.
                tokio::spawn(async move { answer(stream, pause, &counts).await.ok() });
            }
        });
        Ok(Self { url, arrived, task })
    }

    /// What arrived so far, by the paths of the webhooks.
    pub(super) fn arrived(&self) -> MutexGuard<'_, ByPath> {
        lock(&self.arrived)
    }

    /// How many requests arrived.
    pub(super) fn count(&self) -> u64 {
        let arrived = self.arrived();
        arrived.values().flat_map(|one| one.events.values()).sum()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(counts: &Mutex<ByPath>) -> MutexGuard<'_, ByPath> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds a request for a while, or until its sender is dead, and answers it.
async fn answer(mut stream: TcpStream, pause: Duration, counts: &Mutex<ByPath>) -> Result<()> {
    let (path, event) = read(&mut stream).await?;
    {
        let mut counts = lock(counts);
        let arrived = counts.entry(path.clone()).or_default();
        *arrived.events.entry(event).or_default() += 1;
        arrived.held += 1;
        arrived.most_at_once = arrived.most_at_once.max(arrived.held);
    }
    let mut nothing = [0];
    tokio::select! {
        () = sleep(pause) => {}
        _ = stream.read(&mut nothing) => {}
    }
    // The sender may send the next one as soon as it is answered.
    lock(counts).entry(path).or_default().held -= 1;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    Ok(stream.write_all(answer).await?)
}

/// The path of a request and the id of its event.
async fn read(stream: &mut TcpStream) -> Result<(String, i64)> {
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await?;
        anyhow::ensure!(read > 0, "the sender broke off");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let header = |name: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value).context("no header")
        };
        if body.len() < header("content-length")?.parse()? {
            continue;
        }
        let path = head.split(' ').nth(1).context("no path")?.to_owned();
        let id = header("webhook-id")?.strip_prefix("evt_");
        return Ok((path, id.context("no event")?.parse()?));
    }
}
