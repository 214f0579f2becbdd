//! Creating something, and what becomes of requests without an answer.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;

use super::client_loop::{ClientLoop, LoadResult, ServerDied, Work};
use super::content::Content;
use super::model::{Kind, Number, Outcome, Record, State, Variable};
use super::requests;
use crate::client::{Answer, send};

/// How long after its first request died a key may still be taken: a minute, and some time for a
/// busy machine.
const KEY_FREE: Duration = Duration::from_secs(90);

/// How many of its own records a client still changes; messages can be edited for 15 minutes.
const REMEMBERED: usize = 30;

/// What it means when a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// A broken promise.
    Wrong,
    /// Nothing was created.
    Final,
    /// Nothing was created by this request. Another one may have been in time.
    OfThisOne,
}

impl Refusal {
    const fn of(refusable: bool) -> Self {
        if refusable { Self::Final } else { Self::Wrong }
    }

    /// The same for a request that was not the only one.
    const fn again(self) -> Self {
        match self {
            Self::Wrong => Self::Wrong,
            Self::Final | Self::OfThisOne => Self::OfThisOne,
        }
    }
}

impl ClientLoop {
    /// Creates something. One request in eight is also repeated, at once or at the same time.
    pub(super) async fn create(
        &mut self,
        kind: Kind,
        parent: i64,
        bytes: bool,
        refusable: bool,
    ) -> LoadResult {
        let content = bytes.then(|| Content::any(&mut self.rng));
        let keyed = self.rng.u8(..4) > 0;
        let (author, word) = (self.who.id(), self.rng.u32(..));
        let (number, record) = self.model.begin(|number| Record {
            kind,
            parent,
            author,
            key: keyed.then(|| format!("key-{number}")),
            text: format!("{number} says {word}"),
            content,
            id: None,
            begun: 0,
            outcome: Outcome::Unknown,
        });
        if kind == Kind::Ticket {
            let state = |text: &str| State::Text(text.to_owned());
            self.model
                .initial(Variable::Priority(number), state("medium"));
            self.model.initial(Variable::Status(number), state("open"));
        }
        match self.rng.u8(..16) {
            0 if keyed => {
                let twice = [self.request(number, &record), self.request(number, &record)];
                let [one, other] = twice.map(send);
                let (one, other) = tokio::join!(one, other);
                let one = self
                    .created(number, &record, one, Refusal::of(refusable).again())
                    .await;
                let other = self.created(number, &record, other, Refusal::of(refusable).again());
                one.and(other.await)?;
            }
            chance => {
                let answer = send(self.request(number, &record)).await;
                self.created(number, &record, answer, Refusal::of(refusable))
                    .await?;
                if keyed && chance == 1 && self.is_acknowledged(number) {
                    let again = send(self.request(number, &record)).await;
                    if let Ok(again) = &again
                        && again.status == 201
                        && again.headers.get("idempotency-replayed").is_none()
                    {
                        self.model
                            .violation(format!("record {number} was created again by a retry"));
                    }
                    self.created(number, &record, again, Refusal::of(refusable).again())
                        .await?;
                }
            }
        }
        Ok(())
    }

    fn request(&self, number: Number, record: &Record) -> RequestBuilder {
        requests::creating(&self.who, number, record)
    }

    fn is_acknowledged(&self, number: Number) -> bool {
        let record = self.model.record(number);
        record.is_some_and(|record| record.answered().is_some())
    }

    /// Writes down the answer to a request that creates something.
    async fn created(
        &mut self,
        number: Number,
        record: &Record,
        answer: reqwest::Result<Answer>,
        refusal: Refusal,
    ) -> LoadResult {
        let Ok(answer) = answer else {
            self.died(number, record);
            return Err(ServerDied);
        };
        match answer.status.as_u16() {
            201 => match answer.created() {
                Ok(id) => {
                    self.model.acknowledge(number, id);
                    self.unanswered.retain(|(known, _)| *known != number);
                    if !self.own.contains(&number) {
                        self.own.push_back(number);
                    }
                    if self.own.len() > REMEMBERED {
                        self.own.pop_front();
                    }
                }
                Err(error) => self.model.violation(format!("record {number}: {error}")),
            },
            409 if record.key.is_some() => self.unanswered(number, record),
            404 if refusal == Refusal::Final => self.model.refuse(number),
            404 if refusal == Refusal::OfThisOne => {
                self.unanswered.retain(|(known, _)| *known != number);
            }
            500.. => {
                self.died(number, record);
                self.sit_out(&format!("{:?} {number}", record.kind), &answer)
                    .await;
            }
            _ => self.unexpected(&format!("{:?} {number}", record.kind), &answer),
        }
        Ok(())
    }

    /// Two requests in three with a key are sent again when nobody knows how they ended.
    fn unanswered(&mut self, number: Number, record: &Record) {
        let known = self.unanswered.iter().any(|(known, _)| *known == number);
        if record.key.is_some() && !known && !self.is_acknowledged(number) && self.rng.u8(..3) > 0 {
            self.unanswered.push((number, Instant::now()));
        }
    }

    /// A request that may have taken its key has died; the key is free again a minute from now.
    fn died(&mut self, number: Number, record: &Record) {
        let mut all = self.unanswered.iter_mut();
        match all.find(|(known, _)| *known == number) {
            Some((_, since)) => *since = Instant::now(),
            None => self.unanswered(number, record),
        }
    }

    /// Sends again what was not answered.
    pub(super) async fn send_again(&mut self) -> LoadResult {
        for (number, since) in self.unanswered.clone() {
            let Some(record) = self.model.record(number) else {
                continue;
            };
            let refusable = matches!(
                self.work,
                Work::Talk {
                    replaceable: true,
                    ..
                }
            );
            let answer = send(self.request(number, &record)).await;
            let taken = answer.as_ref().is_ok_and(|answer| answer.status == 409);
            if taken && since.elapsed() > KEY_FREE {
                self.model.violation(format!(
                    "the key of record {number} is taken {:?} after its request died",
                    since.elapsed()
                ));
            }
            self.created(number, &record, answer, Refusal::of(refusable).again())
                .await?;
        }
        Ok(())
    }
}
