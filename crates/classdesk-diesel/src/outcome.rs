//! What a change locks, and what came of it.

use classdesk_domain::ids::UserId;
use classdesk_domain::store::StoreError;
use classdesk_domain::subjects::SubjectRef;

use crate::error::Failure;

/// What a change wants to hold before it begins, beyond what its guard names: everything is held
/// in one order, so that two commits never wait for each other in a circle.
#[derive(Debug, Default)]
pub(crate) struct LockTargets {
    /// The person whose row is changed.
    pub(crate) user: Option<UserId>,
    /// The subject whose row is changed.
    pub(crate) subject: Option<SubjectRef>,
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
    pub(crate) const fn to(object: i64, answer: T) -> Self {
        Self {
            answer,
            object,
            message: None,
            emits_events: true,
            completes: true,
        }
    }

    /// It was so already: there is nothing to tell, but a reservation is completed.
    pub(crate) const fn already(object: i64, answer: T) -> Self {
        Self {
            answer,
            object,
            message: None,
            emits_events: false,
            completes: true,
        }
    }

    /// Nothing was changed, so nothing else is written.
    pub(crate) const fn nothing(answer: T) -> Self {
        Self {
            answer,
            object: 0,
            message: None,
            emits_events: false,
            completes: false,
        }
    }

    /// With a first message.
    pub(crate) const fn with_message(mut self, message: Option<i64>) -> Self {
        self.message = message;
        self
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
