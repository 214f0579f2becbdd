//! How an event becomes a row of the log.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, UserId};

use super::facts::{CommitIds, EventFacts, EventScope};
use super::model::{EventAction, NewEvent};

/// How many events a commit may have at most.
pub const MAX_EVENTS: usize = 4_096;

/// A commit had more than [`MAX_EVENTS`] events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commit has {0} events, and {MAX_EVENTS} are the most")]
pub struct TooManyEvents(usize);

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserId>,
    /// By which key, if a program did it.
    pub key: Option<ApiKeyId>,
    /// What was done.
    pub action: EventAction,
    /// To what kind of thing. Registered subjects appear under their own kind.
    pub content_type: String,
    /// To which one.
    pub object_id: i64,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
    /// Further facts by name.
    pub detail: BTreeMap<String, String>,
    /// By what it is found.
    pub scope: EventScope,
}

impl EventRecord {
    /// The rows that a commit writes, in the order of its events.
    ///
    /// # Errors
    /// [`TooManyEvents`].
    pub fn of_commit(events: Vec<NewEvent>, ids: CommitIds) -> Result<Vec<Self>, TooManyEvents> {
        if events.len() > MAX_EVENTS {
            return Err(TooManyEvents(events.len()));
        }
        Ok(events.into_iter().map(|new| Self::of(&new, ids)).collect())
    }

    fn of(new: &NewEvent, ids: CommitIds) -> Self {
        let EventFacts {
            content_type,
            object_id,
            from,
            to,
            detail,
            scope,
        } = new.event.facts(ids);
        Self {
            at: new.at,
            actor: new.actor,
            key: new.key,
            action: new.event.action(),
            content_type,
            object_id,
            from,
            to,
            detail,
            scope,
        }
    }
}
