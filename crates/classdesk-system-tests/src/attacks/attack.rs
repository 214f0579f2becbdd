//! What attackers do.

use std::convert::Infallible;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Client;
use crate::load::fixture::{BUNDLES, TICKETS};

use super::fixture::Fixture;
use super::honest::ADDRESS;
use super::wire::{ask, drain, drip, head, send};

const LOGIN: &str = "/api/v1/auth/login/";

/// Where strangers attack from: one network of one customer.
const NETWORK: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0);

/// How long a dripping client waits between two bytes.
const DRIP: Duration = Duration::from_secs(2);

/// When a connection that the server has closed comes again.
const COME_AGAIN: Duration = Duration::from_secs(10);

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Attack {
    /// Strangers announce login bodies that never come
    SilentHeads,
    /// A client's uploads come byte by byte
    DrippingUploads,
    /// A client asks for large pages and reads nothing of them
    UnreadPages,
    /// A client's forms have texts that do not end
    UnendingForms,
    /// Bodies name each of thousands of fields twice
    RepeatedNames,
    /// Strangers ask whether the server is ready, all the time
    HealthProbes,
    /// Strangers of one network try to sign in with names that they make up
    LoginFlood,
    /// A thief of a token guesses its password
    PasswordGuesses,
    /// A client searches long texts for what is nearly in them
    Searches,
}

impl Attack {
    /// How many connections attack at once.
    pub(super) const fn size(self, long: bool) -> usize {
        let (short, full) = match self {
            Self::SilentHeads => (1_000, 4_200),
            Self::DrippingUploads => (300, 4_100),
            Self::UnreadPages => (40, 160),
            Self::UnendingForms => (100, 400),
            Self::RepeatedNames => (4, 8),
            Self::HealthProbes => (200, 1_500),
            Self::LoginFlood => (30, 130),
            Self::PasswordGuesses => (30, 130),
            Self::Searches => (4, 4),
        };
        if long { full } else { short }
    }

    /// What has to be there before.
    pub(super) async fn prepare(self, fixture: &Fixture, long: bool) -> Result<()> {
        let (tickets, description) = match self {
            // Of what takes most bytes in JSON.
            Self::UnreadPages => (200, "\"".repeat(20_000)),
            Self::Searches if long => (400, "a".repeat(20_000)),
            Self::Searches => (100, "a".repeat(20_000)),
            _ => return Ok(()),
        };
        let body = json!({ "title": "a", "description": description });
        for _ in 0..tickets {
            fixture.attacker.post(TICKETS, &body).await?.expect(201)?;
        }
        Ok(())
    }

    /// Attacks until the future is dropped.
    pub(super) async fn go_on(self, fixture: &Arc<Fixture>, long: bool) -> Result<Infallible> {
        let mut connections = JoinSet::<Infallible>::new();
        for _ in 0..self.size(long) {
            let fixture = fixture.clone();
            connections.spawn(async move {
                loop {
                    // A connection that fails or is closed is what an attacker expects.
                    let _ = self.once(&fixture).await;
                }
            });
        }
        match connections.join_next().await {
            Some(Ok(never)) => Ok(never),
            ended => bail!("an attacker died: {ended:?}"),
        }
    }

    /// What one connection does, and its pause until it does that again.
    async fn once(self, fixture: &Fixture) -> Result<()> {
        let address = fixture.address();
        let pause = match self {
            Self::SilentHeads => {
                // Even from where honest people come from.
                let from = ("x-forwarded-for", ADDRESS);
                let request = head("POST", LOGIN, &[JSON, from, ("content-length", "100")]);
                drain(&mut send(address, request.as_bytes()).await?).await;
                COME_AGAIN
            }
            Self::DrippingUploads => {
                let request = form(fixture, "name=\"file\"; filename=\"a\"");
                drip(send(address, request.as_bytes()).await?, DRIP).await;
                COME_AGAIN
            }
            Self::UnendingForms => {
                let mut request = form(fixture, "name=\"description\"");
                request.push_str(&"a".repeat(510 * 1024));
                drip(send(address, request.as_bytes()).await?, DRIP).await;
                COME_AGAIN
            }
            Self::UnreadPages => {
                let token = bearer(&fixture.attacker);
                let path = format!("{TICKETS}?limit=200");
                let request = head("GET", &path, &[("authorization", &token)]);
                let _unread = send(address, request.as_bytes()).await?;
                sleep(6 * COME_AGAIN).await;
                Duration::ZERO
            }
            Self::RepeatedNames => {
                let token = bearer(&fixture.attacker);
                for (path, count) in [(LOGIN, 200), (TICKETS, 12_000)] {
                    let names = (0..2 * count).map(|name| format!("\"{}\":1", name % count));
                    let body = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
                    let length = body.len().to_string();
                    let headers = [
                        JSON,
                        CLOSE,
                        ("authorization", &token),
                        ("content-length", &length),
                    ];
                    ask(
                        address,
                        format!("{}{body}", head("POST", path, &headers)).as_bytes(),
                    )
                    .await?;
                }
                Duration::from_millis(100)
            }
            Self::HealthProbes => {
                ask(address, head("GET", "/healthz/ready", &[CLOSE]).as_bytes()).await?;
                Duration::from_millis(500)
            }
            Self::LoginFlood => {
                let choice = fixture.choose();
                let from = Ipv6Addr::from_bits(NETWORK.to_bits() | u128::from(choice)).to_string();
                let body =
                    format!("{{\"username\":\"u{choice}\",\"password\":\"a wrong password\"}}");
                let length = body.len().to_string();
                let headers = [
                    JSON,
                    CLOSE,
                    ("x-forwarded-for", &from),
                    ("content-length", &length),
                ];
                ask(
                    address,
                    format!("{}{body}", head("POST", LOGIN, &headers)).as_bytes(),
                )
                .await?;
                Duration::from_millis(50)
            }
            Self::PasswordGuesses => {
                let guess = format!("guess number {}", fixture.choose());
                let body =
                    json!({ "current_password": guess, "new_password": "another horse battery" });
                fixture
                    .attacker
                    .post("/api/v1/auth/change_password/", &body)
                    .await?;
                Duration::from_millis(50)
            }
            Self::Searches => {
                // As long as a search term may be, and longer.
                for length in [63, 254] {
                    let path = format!("{TICKETS}?q={}b", "a".repeat(length));
                    fixture.attacker.get(&path).await?;
                }
                Duration::ZERO
            }
        };
        sleep(pause).await;
        Ok(())
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const CLOSE: (&str, &str) = ("connection", "close");

fn bearer(client: &Client) -> String {
    format!("Bearer {}", client.token())
}

/// The begin of a form of the attacker's, within a part.
fn form(fixture: &Fixture, part: &str) -> String {
    let path = format!("{BUNDLES}{}/upload_file/", fixture.attackers_bundle);
    let token = bearer(&fixture.attacker);
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", "100000000"),
    ];
    let head = head("POST", &path, &headers);
    format!("{head}--b\r\ncontent-disposition: form-data; {part}\r\n\r\n")
}
