//! What is done to the server. Everything is bounded in number and time, and on loopback.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::probe::Target;
use crate::client::PASSWORD;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Connections that ask as fast as they are answered, and for how long.
    crowd: (usize, Duration),
    /// Connections that send a byte now and then, and for how long.
    slow: (usize, Duration),
    /// Logins at once.
    logins: usize,
    /// Parts of a form.
    parts: usize,
    /// Deeply nested bodies.
    deep: usize,
}

impl Sizes {
    /// Few enough for every change.
    pub(crate) const SHORT: Self = Self {
        crowd: (100, Duration::from_secs(1)),
        slow: (200, Duration::from_secs(1)),
        logins: 50,
        parts: 20_000,
        deep: 20,
    };

    /// What the server has to bear.
    pub(crate) const LONG: Self = Self {
        crowd: (2000, Duration::from_secs(20)),
        slow: (5000, Duration::from_secs(20)),
        logins: 500,
        parts: 1_000_000,
        deep: 500,
    };
}

/// How attackers were answered.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    served: u64,
    /// 503.
    pub(crate) shed: u64,
    /// 4xx.
    pub(crate) refused: u64,
    /// Any other status from 500 on.
    pub(crate) broken: u64,
    /// No answer at all.
    pub(crate) lost: u64,
}

impl Outcome {
    pub(crate) const fn asked(&self) -> u64 {
        self.served + self.shed + self.refused + self.broken + self.lost
    }

    fn note(&mut self, status: Option<u16>) {
        let count = match status {
            None => &mut self.lost,
            Some(503) => &mut self.shed,
            Some(500..) => &mut self.broken,
            Some(400..500) => &mut self.refused,
            Some(_) => &mut self.served,
        };
        *count += 1;
    }

    fn of(statuses: impl IntoIterator<Item = Option<u16>>) -> Self {
        let mut outcome = Self::default();
        for status in statuses {
            outcome.note(status);
        }
        outcome
    }
}

/// A way to ask too much.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attack {
    Crowd,
    SlowConnections,
    Logins,
    ManyParts,
    DeepJson,
}

impl Attack {
    pub(crate) const ALL: [Self; 5] = [
        Self::Crowd,
        Self::SlowConnections,
        Self::Logins,
        Self::ManyParts,
        Self::DeepJson,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crowd => "a crowd",
            Self::SlowConnections => "slow connections",
            Self::Logins => "logins at once",
            Self::ManyParts => "a form of many parts",
            Self::DeepJson => "deep JSON",
        }
    }

    /// Attacks, and says how it was answered.
    pub(crate) async fn run(self, target: &Target, sizes: Sizes, rng: Rng) -> Result<Outcome> {
        match self {
            Self::Crowd => Ok(crowd(target, sizes.crowd, rng).await),
            Self::SlowConnections => Ok(slow_connections(target, sizes.slow).await),
            Self::Logins => logins(target, sizes.logins).await,
            Self::ManyParts => many_parts(target, sizes.parts).await,
            Self::DeepJson => deep_json(target, sizes.deep).await,
        }
    }
}

/// Many who ask again as soon as they are answered.
async fn crowd(target: &Target, (size, time): (usize, Duration), mut rng: Rng) -> Outcome {
    let begin = Instant::now();
    let one = async |first: usize| {
        let mut outcome = Outcome::default();
        let mut number = first;
        while begin.elapsed() < time {
            let answer = target.work(number).await;
            outcome.note(answer.ok().map(|answer| answer.status.as_u16()));
            number += 1;
        }
        outcome
    };
    let all = join_all((0..size).map(|_| one(rng.usize(..3)))).await;
    all.iter().fold(Outcome::default(), |sum, one| Outcome {
        served: sum.served + one.served,
        shed: sum.shed + one.shed,
        refused: sum.refused + one.refused,
        broken: sum.broken + one.broken,
        lost: sum.lost + one.lost,
    })
}

/// Connections whose request never comes to its end.
async fn slow_connections(target: &Target, (size, time): (usize, Duration)) -> Outcome {
    let begin = Instant::now();
    let one = async || {
        let mut stream = TcpStream::connect(&target.address).await.ok()?;
        let head = b"GET /api/v1/auth/me/ HTTP/1.1\r\nHost: desk\r\nX-Slow: ";
        stream.write_all(head).await.ok()?;
        while begin.elapsed() < time {
            sleep(Duration::from_millis(500)).await;
            if stream.write_all(b"a").await.is_err() {
                break;
            }
        }
        let mut head = [0; 12];
        let read = timeout(Duration::from_millis(100), stream.read_exact(&mut head));
        read.await.ok()?.ok()?;
        status(&head)
    };
    Outcome::of(join_all((0..size).map(|_| one())).await)
}

/// Everybody signs in at the same moment.
async fn logins(target: &Target, size: usize) -> Result<Outcome> {
    let one = async |number: usize| {
        let body = if number.is_multiple_of(2) {
            json!({ "username": "client", "password": PASSWORD })
        } else {
            json!({ "username": format!("nobody{number}"), "password": PASSWORD })
        };
        let answer = target.client.post("/api/v1/auth/login/", &body).await;
        answer.ok().map(|answer| answer.status.as_u16())
    };
    Ok(Outcome::of(join_all((0..size).map(one)).await))
}

/// One form with a great many small parts.
async fn many_parts(target: &Target, parts: usize) -> Result<Outcome> {
    let part = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n";
    let head = format!(
        "POST {}upload_file/ HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        target.bundle,
        target.client.token().context("nobody is signed in")?,
        part.len() * parts,
    );
    let status = send_raw(target, &head, part, parts).await;
    Ok(Outcome::of([status]))
}

/// Bodies of nothing but opening brackets.
async fn deep_json(target: &Target, size: usize) -> Result<Outcome> {
    let depth = 250_000;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {depth}\r\n\r\n",
        target.messages,
        target.client.token().context("nobody is signed in")?,
    );
    let thousand = "[".repeat(1000);
    let all = join_all((0..size).map(|_| send_raw(target, &head, &thousand, depth / 1000))).await;
    Ok(Outcome::of(all))
}

/// Sends a head and a piece many times over; the answer may come before the end.
async fn send_raw(target: &Target, head: &str, piece: &str, times: usize) -> Option<u16> {
    let stream = TcpStream::connect(&target.address).await.ok()?;
    let (mut read, mut write) = stream.into_split();
    let sending = async {
        write.write_all(head.as_bytes()).await?;
        let many = piece.repeat(1000.min(times));
        let mut left = times;
        while left > 0 {
            let now = left.min(1000);
            write
                .write_all(&many.as_bytes()[..now * piece.len()])
                .await?;
            left -= now;
        }
        std::io::Result::Ok(())
    };
    let reading = async {
        let mut head = [0; 12];
        read.read_exact(&mut head).await.ok()?;
        status(&head)
    };
    // Whether the server takes it all or hangs up early, its answer counts.
    let (_, answer) = tokio::join!(sending, reading);
    answer
}

/// The status of an answer that begins with `HTTP/1.1 200`.
fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}
