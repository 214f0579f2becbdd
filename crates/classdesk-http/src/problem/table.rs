//! The one table from what the domain answers to a status, a problem type and what else the client
//! is told.

use std::time::Duration;

use classdesk_domain::blobs::BlobError;
use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::people::{PasswordHashError, TokenError};
use classdesk_domain::store::{Cause, StoreError};
use classdesk_domain::validation::{FieldError, Invalid};

use crate::limits::ShedReason;

use super::{Problem, ProblemKind};

/// How long to wait for a dependency that does not answer.
const DEPENDENCY: Duration = Duration::from_secs(5);
/// How long to wait until a queue has moved on.
const QUEUE: Duration = Duration::from_secs(1);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::of(ProblemKind::Unauthenticated),
            Error::WrongCredentials { .. } => Self::of(ProblemKind::WrongCredentials),
            Error::NotFound => Self::not_found(),
            Error::Forbidden(refusal) => {
                let mut problem = Self::of(ProblemKind::Forbidden);
                problem.more.refusal = Some(refusal);
                problem
            }
            Error::Invalid(invalid) => invalid.into(),
            Error::Conflict(conflict) => conflict.into(),
            Error::PreconditionFailed => Self::of(ProblemKind::PreconditionFailed),
            Error::IdempotencyMismatch => Self::of(ProblemKind::IdempotencyMismatch),
            Error::PositionLost { last } => {
                let mut problem = Self::of(ProblemKind::PositionLost);
                problem.more.last_event = Some(last);
                problem
            }
            Error::Throttled { retry_after, .. } => {
                Self::of(ProblemKind::TooManyLogins).retry_after(retry_after)
            }
            Error::TooLarge { limit } => Self::too_large(limit),
            Error::Contended => Self::of(ProblemKind::Contended).retry_after(QUEUE),
            Error::Store(error @ StoreError::Unavailable { .. }) => unavailable(error),
            Error::Store(error) => internal(error),
            Error::Blob(error) => blob(error),
            Error::Token(error @ TokenError::Unavailable) => unavailable(error),
            Error::Token(error) => Self::of(ProblemKind::Unauthenticated).caused_by(error),
            Error::Password(PasswordHashError::Busy) => Self::shed(ShedReason::PasswordHashing),
            Error::Password(error) => internal(error),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let mut problem = Self::of(ProblemKind::Validation);
        problem.more.errors = invalid.errors().to_vec();
        problem.more.omitted = invalid.omitted();
        problem
    }
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::UsernameTaken => {
                Self::of(ProblemKind::UsernameTaken).with_error("username", FieldError::Taken)
            }
            Conflict::EmailTaken => {
                Self::of(ProblemKind::EmailTaken).with_error("email", FieldError::Taken)
            }
            Conflict::ExternalIdTaken => {
                Self::of(ProblemKind::ExternalIdTaken).with_error("external_id", FieldError::Taken)
            }
            Conflict::LastSuperadmin => Self::of(ProblemKind::LastSuperadmin),
            Conflict::TooManyAssignments => Self::of(ProblemKind::TooManyAssignments),
            Conflict::Transition { from, to } => Self::new(
                ProblemKind::TicketTransition,
                format!("A ticket that is {from} can't become {to}."),
            ),
            Conflict::ThreadClosed => Self::of(ProblemKind::ThreadClosed),
            Conflict::EditWindowOver => Self::of(ProblemKind::EditWindowOver),
            Conflict::MessageDeleted => Self::of(ProblemKind::MessageDeleted),
            Conflict::SubjectInUse => Self::of(ProblemKind::SubjectInUse),
            Conflict::TooManyWebhooks => Self::of(ProblemKind::TooManyWebhooks),
            Conflict::TooManyKeys => Self::of(ProblemKind::TooManyKeys),
            Conflict::SecretRotating => Self::of(ProblemKind::SecretRotating),
            Conflict::WebhookInactive => Self::of(ProblemKind::WebhookInactive),
            Conflict::IdempotencyRunning => {
                Self::of(ProblemKind::IdempotencyRunning).retry_after(QUEUE)
            }
        }
    }
}

fn internal(cause: impl Into<Cause>) -> Problem {
    Problem::of(ProblemKind::Internal).caused_by(cause)
}

fn unavailable(cause: impl Into<Cause>) -> Problem {
    Problem::of(ProblemKind::Unavailable)
        .retry_after(DEPENDENCY)
        .caused_by(cause)
}

fn blob(error: BlobError) -> Problem {
    match error {
        BlobError::RangeNotSatisfiable => Problem::of(ProblemKind::RangeNotSatisfiable),
        BlobError::Interrupted(_) => Problem::of(ProblemKind::IncompleteBody).caused_by(error),
        BlobError::NoSpace(_)
        | BlobError::Denied(_)
        | BlobError::NoSuchBucket(_)
        | BlobError::Unavailable(_) => unavailable(error),
        _ => internal(error),
    }
}
