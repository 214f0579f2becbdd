//! Somebody who works while the server is under attack, and how long their requests take.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::interval;

use crate::client::{Answer, Client};

/// What is attacked and asked.
pub(crate) struct Target {
    /// Where the server listens.
    pub(crate) address: String,
    /// Somebody who is signed in.
    pub(crate) client: Client,
    /// The path of their bundle.
    pub(crate) bundle: String,
    /// The path of the messages of their thread.
    pub(crate) messages: String,
}

impl Target {
    /// One request of everyday work: a page of messages, a bundle, or a new message.
    pub(crate) async fn work(&self, number: usize) -> Result<Answer> {
        match number % 3 {
            0 => self.client.get(&self.messages).await,
            1 => self.client.get(&self.bundle).await,
            _ => {
                let body = json!({ "message": "Another one" });
                self.client.post(&self.messages, &body).await
            }
        }
    }
}

/// How often somebody at work asks for something, answered or not. So an answer that takes long
/// does not keep them from noticing that others do too.
const EVERY: Duration = Duration::from_millis(5);

/// How one request of somebody at work was answered.
enum Answered {
    In(Duration),
    TurnedAway,
    Lost,
    Wrongly(String),
}

/// The requests of somebody at work.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// How long each that was served waited, in microseconds.
    times: Vec<u64>,
    asked: u64,
    turned_away: u64,
    wrong: Vec<String>,
}

impl Probe {
    /// One request.
    async fn ask(target: &Target, number: usize) -> Answered {
        let begin = Instant::now();
        let Ok(answer) = target.work(number).await else {
            return Answered::Lost;
        };
        match answer.status.as_u16() {
            200..300 => Answered::In(begin.elapsed()),
            503 if answer.headers.contains_key("retry-after") => Answered::TurnedAway,
            other => Answered::Wrongly(format!("somebody at work is answered {other}")),
        }
    }

    fn note(&mut self, answered: Answered) {
        match answered {
            Answered::In(time) => {
                let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                self.times.push(time);
            }
            Answered::TurnedAway => self.turned_away += 1,
            Answered::Lost => {}
            Answered::Wrongly(how) => self.wrong.push(how),
        }
    }

    /// One request, and whether it was served.
    pub(crate) async fn ask_once(&mut self, target: &Target) -> bool {
        let before = self.times.len();
        self.asked += 1;
        self.note(Self::ask(target, before).await);
        self.times.len() > before
    }

    /// Works for as long as something else takes, then waits for the last answers.
    pub(crate) async fn work_during<T>(
        &mut self,
        target: &Target,
        other: impl Future<Output = T>,
    ) -> T {
        let mut asked = FuturesUnordered::new();
        let mut ticks = interval(EVERY);
        tokio::pin!(other);
        let done = loop {
            tokio::select! {
                done = &mut other => break done,
                _ = ticks.tick() => {
                    asked.push(Self::ask(target, asked.len() + self.times.len()));
                    self.asked += 1;
                }
                Some(answered) = asked.next() => self.note(answered),
            }
        };
        while let Some(answered) = asked.next().await {
            self.note(answered);
        }
        done
    }

    pub(crate) const fn asked(&self) -> u64 {
        self.asked
    }

    /// What no server should answer, whatever its load.
    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }

    pub(crate) const fn served(&self) -> usize {
        self.times.len()
    }

    /// How long the requests that were served waited, in microseconds and ascending.
    pub(crate) fn times(&self) -> Vec<u64> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times
    }
}

/// Within what time this part of the requests, in percent, was answered, in milliseconds.
pub(crate) fn percentile(ascending: &[u64], percent: usize) -> f64 {
    let place = ascending.len() * percent / 100;
    let place = place.min(ascending.len().saturating_sub(1));
    ascending.get(place).copied().unwrap_or_default() as f64 / 1000.0
}
