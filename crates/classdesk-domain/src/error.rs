//! How use cases fail: invalid input, refusals by the rules, failures of an adapter.

use std::time::Duration;

use crate::blobs::ports::BlobError;
use crate::ids::{EventId, UserId};
use crate::people::hasher::PasswordHashError;
use crate::people::identity::{TokenError, TokenRefusal};
use crate::policy::decision::{Denied, Refusal};
use crate::store::error::{StoreError, Unique};
use crate::tickets::model::{InvalidTransition, TicketStatus};
use crate::validation::{FieldError, Invalid};

/// A request that makes sense but not in the present state of things (HTTP 409).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another person has this username.
    #[error("this username is taken")]
    UsernameTaken,
    /// Another person has this email address.
    #[error("this email address is taken")]
    EmailTaken,
    /// Another person, bundle or subject has this external id.
    #[error("this external id is taken")]
    ExternalIdTaken,
    /// No other person is an active superadmin.
    #[error("nobody else is an active superadmin")]
    LastSuperadmin,
    /// The person has more open tickets and subjects than one change takes them off.
    #[error("this person is assigned to too much for one change")]
    TooManyAssignments,
    /// The ticket does not go from its present status to the asked one.
    #[error("a ticket that is {from} cannot become {to}")]
    Transition {
        /// The present status.
        from: TicketStatus,
        /// The status that was asked for.
        to: TicketStatus,
    },
    /// The thread is closed to new messages.
    #[error("the thread is closed")]
    ThreadClosed,
    /// The fifteen minutes in which a message can be changed are over.
    #[error("the time in which this message could be changed is over")]
    EditWindowOver,
    /// The message was deleted.
    #[error("the message is deleted")]
    MessageDeleted,
    /// Threads or tickets link to the subject.
    #[error("threads or tickets link to this subject")]
    SubjectInUse,
    /// There are as many webhooks as there can be.
    #[error("there are as many webhooks as there can be")]
    TooManyWebhooks,
    /// The person has as many keys as they can have.
    #[error("this person has as many keys as they can have")]
    TooManyKeys,
    /// The webhook's secret before is still valid.
    #[error("the secret before is still valid")]
    SecretRotating,
    /// The webhook is not active.
    #[error("the webhook is not active")]
    WebhookInactive,
    /// The first request with this idempotency key is still running.
    #[error("the first request with this idempotency key is still running")]
    IdempotencyRunning,
}

/// What a use case answers when it does not succeed.
///
/// An HTTP adapter maps each variant to exactly one status and problem type; an embedding service
/// matches on it. The `Display` of an error never contains its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session, a dead one, or a person who may no longer act.
    #[error("no valid session")]
    Unauthenticated,
    /// The login name and password do not fit together.
    #[error("wrong login name or password")]
    WrongCredentials {
        /// The account with that name, for the log only. `None` when there is none.
        account: Option<UserId>,
    },
    /// It does not exist, or the actor may not know that it does.
    #[error("not found")]
    NotFound,
    /// The actor may know of it but not do this.
    #[error("not allowed")]
    Forbidden(Refusal),
    /// The request's fields are not right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The present state of things does not allow it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The object is not in the version that the request was made for.
    #[error("someone else changed it first")]
    PreconditionFailed,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used with another request")]
    IdempotencyMismatch,
    /// A position beyond the end of the log: it is of another log, or of one that lost its end.
    #[error("the log ends before this position")]
    PositionLost {
        /// The end of the log.
        last: EventId,
    },
    /// Too many failed logins.
    #[error("too many failed logins; try again in {} s", .retry_after.as_secs())]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
        /// The account with that name, for the log only. `None` when there is none.
        account: Option<UserId>,
    },
    /// An upload is larger than the limit.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// What the decision rested on kept changing; trying again is worth while.
    #[error("too many concurrent changes")]
    Contended,
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blob(#[source] BlobError),
    /// A token of another system is refused, or can't be verified just now.
    #[error("a token of another system does not let in")]
    Token(#[from] TokenError),
    /// A password could not be hashed or checked.
    #[error("a password could not be hashed")]
    Password(#[from] PasswordHashError),
}

impl Error {
    /// Whether it says that nobody is signed in.
    #[must_use]
    pub const fn is_unauthenticated(&self) -> bool {
        matches!(
            self,
            Self::Unauthenticated | Self::Token(TokenError::Refused(_))
        )
    }
}

impl From<TokenRefusal> for Error {
    fn from(refusal: TokenRefusal) -> Self {
        Self::Token(refusal.into())
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { limit } => Self::TooLarge { limit },
            BlobError::Empty => Invalid::field("file", FieldError::EmptyFile).into(),
            other => Self::Blob(other),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Contended,
            StoreError::Duplicate(Unique::Username) => Conflict::UsernameTaken.into(),
            StoreError::Duplicate(Unique::Email) => Conflict::EmailTaken.into(),
            StoreError::Duplicate(Unique::ExternalId) => Conflict::ExternalIdTaken.into(),
            StoreError::Referenced => Conflict::SubjectInUse.into(),
            other => Self::Store(other),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Forbidden(refusal) => Self::Forbidden(refusal),
            Denied::Hidden => Self::NotFound,
        }
    }
}

impl From<InvalidTransition> for Error {
    fn from(InvalidTransition { from, to }: InvalidTransition) -> Self {
        Conflict::Transition { from, to }.into()
    }
}
