//! Somebody who works while the server is under attack, and how long their requests take.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::attacks::Outcome;
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

/// The requests of somebody at work.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    times: Vec<Duration>,
    asked: u64,
    broken: u64,
}

impl Probe {
    /// One request. One that is shed or lost is no failure here.
    pub(crate) async fn ask(&mut self, target: &Target) -> Result<()> {
        let number = usize::try_from(self.asked)?;
        self.asked += 1;
        let begin = Instant::now();
        let Ok(answer) = target.work(number).await else {
            return Ok(());
        };
        match answer.status.as_u16() {
            200..300 => self.times.push(begin.elapsed()),
            503 => {}
            500.. => self.broken += 1,
            other => bail!("somebody at work is answered {other}"),
        }
        Ok(())
    }

    /// One request after the other, until nobody wants more.
    pub(crate) async fn work(&mut self, target: &Target) -> Infallible {
        loop {
            if self.ask(target).await.is_err() {
                self.broken += 1;
            }
        }
    }

    pub(crate) const fn asked(&self) -> u64 {
        self.asked
    }

    pub(crate) const fn broken(&self) -> u64 {
        self.broken
    }

    pub(crate) fn served(&self) -> usize {
        self.times.len()
    }

    /// Within what time this part of the served requests, in percent, was answered.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default()
    }

    /// Prints a line of figures.
    pub(crate) fn tell(&self, attack: &str, outcome: &Outcome, grown: u64, recovered: Duration) {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "{attack:<26} {:>6}  {:>6}  {:>8.2}  {:>8.2}  {:>12} {:>7} {:>4}  {:>8.1}  {:>12.1}",
            self.asked,
            self.served(),
            ms(self.percentile(50)),
            ms(self.percentile(99)),
            outcome.shed,
            outcome.refused,
            outcome.lost,
            grown as f64 / 1024.0,
            ms(recovered),
        );
    }
}
