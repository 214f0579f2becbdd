//! One client at work, one request after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use reqwest::StatusCode;
use tokio::time::sleep;

use super::model::{Kind, Model, Number, Record, State, Variable};
use crate::client::{Answer, Client};

/// What a client does.
pub(crate) enum Work {
    /// Messages with and without attachments, edits, deletions and read marks in a thread.
    Talk {
        thread: i64,
        /// Whether the client may be refused, since another client took its place.
        replaceable: bool,
    },
    /// Files of a bundle: uploads, descriptions, deletions.
    Files { bundle: i64 },
    /// Tickets of a bundle, with messages and attachments; closing and reopening.
    Tickets { bundle: i64 },
    /// Answers to the bundle's tickets, and their priority.
    Answers { bundle: i64 },
    /// Another writer for a bundle.
    Reassign { bundle: i64, writers: Vec<i64> },
}

impl Work {
    /// Talking in a thread.
    pub(crate) const fn talk(thread: i64) -> Self {
        let replaceable = false;
        Self::Talk {
            thread,
            replaceable,
        }
    }

    /// Talking in a thread, as a user who may be replaced.
    pub(crate) const fn talk_while_assigned(thread: i64) -> Self {
        let replaceable = true;
        Self::Talk {
            thread,
            replaceable,
        }
    }
}

/// The server is gone.
pub(super) struct ServerDied;

pub(super) type LoadResult = Result<(), ServerDied>;

/// One client at work.
pub(crate) struct ClientLoop {
    number: usize,
    pub(super) who: Client,
    pub(super) work: Work,
    pub(super) rng: Rng,
    pub(super) model: Arc<Model>,
    pub(super) own: VecDeque<Number>,
    /// Requests to send again, and since when that may be answered with 409.
    pub(super) unanswered: Vec<(Number, Instant)>,
}

impl ClientLoop {
    /// A client that has done nothing yet.
    pub(crate) fn new(number: usize, who: Client, work: Work, rng: Rng, model: Arc<Model>) -> Self {
        Self {
            number,
            who,
            work,
            rng,
            model,
            own: VecDeque::new(),
            unanswered: Vec::new(),
        }
    }

    /// Its place among the others.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// Works until it is told to stop or the server is gone.
    pub(crate) async fn work(&mut self, url: &str, stop: &AtomicBool) {
        self.who = self.who.at(url);
        let mut went = self.send_again().await;
        while went.is_ok() && !stop.load(Ordering::SeqCst) {
            went = self.step().await;
        }
    }

    async fn step(&mut self) -> LoadResult {
        let chance = self.rng.u8(..100);
        match self.work {
            Work::Talk {
                thread,
                replaceable,
            } => match chance {
                0..62 => self.create(Kind::Message, thread, false, replaceable).await,
                62..74 => self.create(Kind::Message, thread, true, replaceable).await,
                74..84 => self.edit(replaceable).await,
                84..90 => self.delete(replaceable).await,
                _ if replaceable => Ok(()),
                _ => self.read(thread).await,
            },
            Work::Files { bundle } => match chance {
                0..60 => self.create(Kind::File, bundle, true, false).await,
                60..75 => self.edit(false).await,
                _ => self.delete(false).await,
            },
            Work::Tickets { bundle } => match (chance, self.some_ticket(bundle)) {
                (0..20, _) | (_, None) => self.create(Kind::Ticket, bundle, false, false).await,
                (20..45, Some((_, id))) => self.create(Kind::Attachment, id, true, false).await,
                // A message of its requester would reopen a ticket, so each has one or the other.
                (_, Some((ticket, id))) if ticket % 2 == 0 => {
                    self.close_or_reopen(ticket, id).await
                }
                (_, Some((_, id))) => self.create(Kind::Note, id, false, false).await,
            },
            Work::Answers { bundle } => match (chance, self.some_ticket(bundle)) {
                (_, None) => {
                    sleep(Duration::from_millis(5)).await;
                    Ok(())
                }
                (0..60, Some((_, id))) => self.create(Kind::Note, id, false, false).await,
                (_, Some((ticket, id))) => self.set_priority(ticket, id).await,
            },
            Work::Reassign {
                bundle,
                ref writers,
            } => {
                let writer = writers[self.rng.usize(..writers.len())];
                self.reassign(bundle, writer).await
            }
        }
    }

    pub(super) fn unexpected(&self, what: &str, answer: &Answer) {
        self.model.violation(format!(
            "{what}: unexpected answer {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        ));
    }

    /// Waits for a moment after an error of the server. An outage is 503, and everything else is its
    /// own fault.
    pub(super) async fn sit_out(&self, what: &str, answer: &Answer) {
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            self.unexpected(what, answer);
        }
        sleep(Duration::from_millis(20)).await;
    }

    /// One of the client's own records, whose state is known and not gone.
    pub(super) fn some_own(&mut self) -> Option<(Number, Record)> {
        if self.own.is_empty() {
            return None;
        }
        let number = self.own[self.rng.usize(..self.own.len())];
        let states = self.model.states(Variable::Record(number), u64::MAX);
        match states.as_slice() {
            [State::Text(_)] => Some((number, self.model.record(number)?)),
            _ => None,
        }
    }

    /// A ticket of a bundle that was acknowledged.
    fn some_ticket(&mut self, bundle: i64) -> Option<(Number, i64)> {
        let tickets = self.model.records(Kind::Ticket, bundle);
        let known: Vec<_> = tickets
            .iter()
            .filter_map(|(number, record)| Some((*number, record.id?)))
            .collect();
        self.rng.choice(known)
    }
}
