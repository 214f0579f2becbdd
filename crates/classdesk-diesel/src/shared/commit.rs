//! A commit: its guard, its change, its events and its idempotency record in one transaction.

use classdesk_domain::events::{CommitIds, EventRecord};
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::SubjectRef;

use super::{Conn, events, idempotency, preconditions};
use crate::error::Failure;

/// What a change wants to hold before it begins, beyond what its guard names: everything is held
/// in one order, so that two commits never wait for each other in a circle.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// The person whose row is changed.
    pub(super) user: Option<UserId>,
    /// The subject whose row is changed.
    pub(super) subject: Option<SubjectRef>,
}

/// What came of a change.
#[derive(Debug)]
pub(super) struct Applied<T> {
    /// The answer to the caller.
    answer: T,
    /// The id of what was created or changed, for events and idempotency records.
    object: i64,
    /// The id of the first message, when a thread was opened with one.
    message: Option<i64>,
    /// Whether the events are written.
    tells: bool,
    /// Whether a reservation is completed.
    completes: bool,
}

impl<T> Applied<T> {
    /// A change to the thing with this id.
    pub(super) const fn to(object: i64, answer: T) -> Self {
        Self {
            answer,
            object,
            message: None,
            tells: true,
            completes: true,
        }
    }

    /// It was so already: there is nothing to tell, but a reservation is completed.
    pub(super) const fn already(object: i64, answer: T) -> Self {
        Self {
            answer,
            object,
            message: None,
            tells: false,
            completes: true,
        }
    }

    /// Nothing was changed, so nothing else is written.
    pub(super) const fn nothing(answer: T) -> Self {
        Self {
            answer,
            object: 0,
            message: None,
            tells: false,
            completes: false,
        }
    }

    /// With a first message.
    pub(super) const fn with_message(mut self, message: Option<i64>) -> Self {
        self.message = message;
        self
    }
}

/// Commits a change within the transaction that the caller has opened.
pub(super) fn commit<C, T>(
    conn: &mut Conn,
    commit: Commit<C>,
    writes: impl FnOnce(&C) -> Writes,
    apply: impl FnOnce(&mut Conn, C) -> Result<Applied<T>, Failure>,
) -> Result<T, Failure> {
    let Commit {
        change,
        guard,
        events,
        completes,
    } = commit;
    preconditions::hold(conn, &guard, &writes(&change))?;
    let applied = apply(conn, change)?;
    if applied.tells {
        let ids = CommitIds {
            row: applied.object,
            first_message: applied.message.map(MessageId::new),
        };
        let records = EventRecord::of_commit(events, ids).map_err(StoreError::from)?;
        events::append(conn, records)?;
    }
    if let Some(completion) = completes.filter(|_| applied.completes) {
        idempotency::complete(conn, completion, applied.object)?;
    }
    Ok(applied.answer)
}

/// One row has to be changed by this; none means that what was decided about is gone.
pub(super) fn exactly_one(changed: usize) -> Result<(), Failure> {
    match changed {
        1 => Ok(()),
        0 => Err(Failure::STALE),
        _ => Err(StoreError::Backend("a change hit several rows".into()).into()),
    }
}
