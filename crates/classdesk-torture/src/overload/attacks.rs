//! What is done to the server. Everything is bounded in number and time, and on loopback. This runs
//! in the [attackers'](super::attackers) own process.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::other_work;
use super::probe::Target;
use crate::client::{Answer, PASSWORD, send};

/// How much of everything.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sizes {
    /// Connections that ask as fast as they are answered, and for how long.
    crowd: (usize, Duration),
    /// Connections that send a byte now and then, and for how long.
    slow: (usize, Duration),
    /// For how long the machine has other work to do.
    other_work: Duration,
    /// Senders who hang up again and again, and for how long.
    hang_ups: (usize, Duration),
    /// Logins at once, and for how long they come again.
    logins: (usize, Duration),
    /// Parts of a form, and for how long such forms come one after the other.
    parts: (usize, Duration),
    /// Deeply nested bodies at once, and for how long they come again.
    deep: (usize, Duration),
}

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

impl Sizes {
    /// Few enough for every change.
    pub(crate) const SHORT: Self = Self {
        crowd: (100, Duration::from_secs(1)),
        slow: (200, Duration::from_secs(1)),
        other_work: Duration::from_millis(500),
        hang_ups: (50, Duration::from_millis(200)),
        logins: (50, Duration::from_millis(200)),
        parts: (20_000, Duration::from_millis(200)),
        deep: (20, Duration::from_millis(200)),
    };

    /// What the server has to bear, each for half a minute and the crowd for a whole one: that a
    /// disk or a virtual machine stands still for a tenth of a second now and then must not decide.
    pub(crate) const LONG: Self = Self {
        crowd: (2000, Duration::from_secs(60)),
        slow: (5000, HALF_A_MINUTE),
        other_work: HALF_A_MINUTE,
        hang_ups: (50, HALF_A_MINUTE),
        logins: (500, HALF_A_MINUTE),
        parts: (1_000_000, HALF_A_MINUTE),
        deep: (500, HALF_A_MINUTE),
    };

    /// How many connections send slowly at once.
    pub(crate) const fn slow_connections(self) -> u64 {
        self.slow.0 as u64
    }
}

/// How attackers were answered.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// How long each that was served waited, in microseconds, in ascending order at the end.
    pub(crate) served: Vec<u64>,
    /// 503.
    pub(crate) shed: u64,
    /// 4xx.
    pub(crate) refused: u64,
    /// Any other status from 500 on.
    pub(crate) broken: u64,
    /// No answer at all.
    pub(crate) lost: u64,
    /// 503 without `Retry-After`.
    pub(crate) impolite: u64,
}

impl Outcome {
    pub(crate) const fn asked(&self) -> u64 {
        self.served.len() as u64 + self.shed + self.refused + self.broken + self.lost
    }

    fn note(&mut self, status: Option<u16>, waited: Duration) {
        let count = match status {
            None => &mut self.lost,
            Some(503) => &mut self.shed,
            Some(500..) => &mut self.broken,
            Some(400..500) => &mut self.refused,
            Some(_) => {
                let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
                return self.served.push(waited);
            }
        };
        *count += 1;
    }

    fn note_answer(&mut self, answer: Option<&Answer>, waited: Duration) {
        let impolite = answer.is_some_and(|answer| {
            answer.status == 503 && !answer.headers.contains_key("retry-after")
        });
        self.impolite += u64::from(impolite);
        self.note(answer.map(|answer| answer.status.as_u16()), waited);
    }

    /// All of them together.
    fn sum(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for one in outcomes {
            sum.served.extend(one.served);
            sum.shed += one.shed;
            sum.refused += one.refused;
            sum.broken += one.broken;
            sum.lost += one.lost;
            sum.impolite += one.impolite;
        }
        sum.served.sort_unstable();
        sum
    }

    fn of(statuses: impl IntoIterator<Item = Option<u16>>) -> Self {
        let mut outcome = Self::default();
        for status in statuses {
            outcome.note(status, Duration::ZERO);
        }
        outcome
    }
}

/// A way to ask too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Attack {
    /// None: something else on this machine takes as much of its processors as attackers can.
    OtherWork,
    Crowd,
    HangUps,
    SlowConnections,
    Logins,
    ManyParts,
    DeepJson,
}

impl Attack {
    /// In their order. Other work comes first, for what follows to be read beside it.
    pub(crate) const ALL: [Self; 7] = [
        Self::OtherWork,
        Self::Crowd,
        Self::HangUps,
        Self::SlowConnections,
        Self::Logins,
        Self::ManyParts,
        Self::DeepJson,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OtherWork => "(other work)",
            Self::Crowd => "a crowd",
            Self::HangUps => "hang-ups",
            Self::SlowConnections => "slow connections",
            Self::Logins => "logins at once",
            Self::ManyParts => "a form of many parts",
            Self::DeepJson => "deep JSON",
        }
    }

    /// Whether it takes all that the server can do, so that somebody at work is turned away too.
    pub(crate) const fn fills(self) -> bool {
        matches!(self, Self::Crowd | Self::HangUps)
    }

    /// Whether its requests are few enough to be answered, and each of them waits for its answer.
    pub(crate) const fn listens(self) -> bool {
        matches!(self, Self::Logins | Self::ManyParts | Self::DeepJson)
    }

    /// Attacks, and says how it was answered.
    pub(crate) async fn run(self, target: &Target, sizes: Sizes, rng: Rng) -> Result<Outcome> {
        match self {
            Self::OtherWork => other_work::take_all(sizes.other_work),
            Self::Crowd => Ok(crowd(target, sizes.crowd, rng).await),
            Self::HangUps => hang_ups(target, sizes.hang_ups, rng).await,
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
            let asked = Instant::now();
            let answer = target.work(number).await.ok();
            outcome.note_answer(answer.as_ref(), asked.elapsed());
            number += 1;
        }
        outcome
    };
    Outcome::sum(join_all((0..size).map(|_| one(rng.usize(..3)))).await)
}

/// Requests whose senders are gone before the answer, at any moment of their way.
async fn hang_ups(
    target: &Target,
    (size, time): (usize, Duration),
    mut rng: Rng,
) -> Result<Outcome> {
    let begin = Instant::now();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\r\n",
        target.messages,
        target.client.token().context("nobody is signed in")?,
    );
    let hang_up = async |stays: Duration| {
        let mut stream = TcpStream::connect(&target.address).await.ok()?;
        // The connection is reset: the server must not think that its answer is still wanted.
        stream.set_zero_linger().ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        sleep(stays).await;
        None
    };
    let one = async |mut rng: Rng| {
        let mut statuses = Vec::new();
        while begin.elapsed() < time {
            let stays = Duration::from_micros(rng.u64(..50_000));
            statuses.push(hang_up(stays).await);
        }
        Outcome::of(statuses)
    };
    Ok(Outcome::sum(
        join_all((0..size).map(|_| one(rng.fork()))).await,
    ))
}

/// Connections whose request never comes to its end, every other one after a request that was
/// answered, and others in place of those that are closed.
async fn slow_connections(target: &Target, (size, time): (usize, Duration)) -> Outcome {
    let begin = Instant::now();
    let one_connection = async |answered: bool| {
        let mut stream = TcpStream::connect(&target.address).await.ok()?;
        if answered {
            let whole = b"GET /healthz/live HTTP/1.1\r\nHost: desk\r\n\r\n";
            stream.write_all(whole).await.ok()?;
            stream.read_exact(&mut [0; 12]).await.ok()?;
        }
        let head = b"GET /api/v1/auth/me/ HTTP/1.1\r\nHost: desk\r\nX-Slow: ";
        stream.write_all(head).await.ok()?;
        let mut closed = false;
        while begin.elapsed() < time && !closed {
            sleep(Duration::from_millis(500)).await;
            closed = stream.write_all(b"a").await.is_err();
        }
        if answered {
            // It is closed without a word.
            return closed.then_some(StatusCode::REQUEST_TIMEOUT.as_u16());
        }
        let mut head = [0; 12];
        let read = timeout(Duration::from_millis(100), stream.read_exact(&mut head));
        read.await.ok()?.ok()?;
        status(&head)
    };
    let one = async |number: usize| {
        let mut statuses = Vec::new();
        while begin.elapsed() < time {
            statuses.push(one_connection(number.is_multiple_of(2)).await);
        }
        Outcome::of(statuses)
    };
    Outcome::sum(join_all((0..size).map(one)).await)
}

/// Everybody signs in at the same moment, each from an address of their own, so that it is not
/// for their number that they are refused.
async fn logins(target: &Target, (size, time): (usize, Duration)) -> Result<Outcome> {
    let begin = Instant::now();
    let one = async |number: usize| {
        let address = Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap_or_default());
        let body = if number.is_multiple_of(2) {
            json!({ "username": "client", "password": PASSWORD })
        } else {
            json!({ "username": format!("nobody{number}"), "password": PASSWORD })
        };
        let asked = Instant::now();
        let request = target.client.request(Method::POST, "/api/v1/auth/login/");
        let request = request.header("x-forwarded-for", address.to_string());
        let answer = send(request.json(&body)).await.ok();
        let mut outcome = Outcome::default();
        outcome.note_answer(answer.as_ref(), asked.elapsed());
        outcome
    };
    let mut outcomes = Vec::new();
    while begin.elapsed() < time {
        let numbers = outcomes.len()..outcomes.len() + size;
        outcomes.extend(join_all(numbers.map(one)).await);
    }
    Ok(Outcome::sum(outcomes))
}

/// Forms with a great many small parts, one after the other.
async fn many_parts(target: &Target, (parts, time): (usize, Duration)) -> Result<Outcome> {
    let begin = Instant::now();
    let part = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n";
    let head = format!(
        "POST {}upload_file/ HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        target.bundle,
        target.client.token().context("nobody is signed in")?,
        part.len() * parts,
    );
    let mut statuses = Vec::new();
    while begin.elapsed() < time {
        statuses.push(send_raw(target, &head, part, parts).await);
    }
    Ok(Outcome::of(statuses))
}

/// Bodies of nothing but opening brackets.
async fn deep_json(target: &Target, (size, time): (usize, Duration)) -> Result<Outcome> {
    let begin = Instant::now();
    let depth = 250_000;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {depth}\r\n\r\n",
        target.messages,
        target.client.token().context("nobody is signed in")?,
    );
    let thousand = "[".repeat(1000);
    let mut statuses = Vec::new();
    while begin.elapsed() < time {
        let one = |_| send_raw(target, &head, &thousand, depth / 1000);
        statuses.extend(join_all((0..size).map(one)).await);
    }
    Ok(Outcome::of(statuses))
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
    // Whether the server takes it all or not, its answer counts.
    tokio::pin!(reading);
    tokio::select! {
        answer = &mut reading => answer,
        _ = sending => reading.await,
    }
}

/// The status of an answer that begins with `HTTP/1.1 200`.
fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}
