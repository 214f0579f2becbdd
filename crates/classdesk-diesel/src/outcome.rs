//! What a change locks, and what came of it.

use classdesk_domain::ids::UserId;
use classdesk_domain::store::StoreError;
use classdesk_domain::subjects::SubjectRef;

use crate::error::Failure;

/// The row that a change wants to hold before it begins, beyond what its preconditions name:
/// everything is held in one order, so that two commits never wait for each other in a circle.
#[derive(Debug)]
pub(crate) enum LockTarget {
    /// The person whose row is changed.
    User(UserId),
    /// The subject whose row is changed.
    Subject(SubjectRef),
}

/// What came of a change.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    /// The answer to the caller.
    pub(crate) answer: T,
    /// The id of what was created or changed, for events and idempotency records.
    pub(crate) object: i64,
    /// The id of the first message, when a thread was opened with one.
    pub(crate) message: Option<i64>,
    /// Whether the events are written.
    pub(crate) emits_events: bool,
    /// Whether a reservation is completed.
    pub(crate) completes: bool,
}

impl<T> Outcome<T> {
    /// A change to the thing with this id.
    pub(crate) fn to(object: i64, answer: T) -> Self {
        Self {
            answer,
            object,
            message: None,
            emits_events: true,
            completes: true,
        }
    }

    /// It was so already: there is nothing to tell, but a reservation is completed.
    pub(crate) fn already(object: i64, answer: T) -> Self {
        Self {
            emits_events: false,
            ..Self::to(object, answer)
        }
    }

    /// Nothing was changed, so nothing else is written.
    pub(crate) fn nothing(answer: T) -> Self {
        Self {
            completes: false,
            ..Self::already(0, answer)
        }
    }
}

/// One row has to be changed by this; none means that what was decided about is gone.
pub(crate) fn exactly_one(changed: usize) -> Result<(), Failure> {
    match changed {
        1 => Ok(()),
        0 => Err(Failure::STALE),
        _ => Err(StoreError::Backend("a change hit several rows".into()).into()),
    }
}
