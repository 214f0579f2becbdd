//! What every repository port has in common: the commit, its guard, and how a store fails.
//!
//! A use case is *load, decide, commit*. The commit carries everything that has to become true
//! together, so a port needs no transaction handle, and an adapter is free to put many commits
//! into one fsync.

use crate::clock::Timestamp;
use crate::events::{NewEvent, TooManyEvents};
use crate::files::Visibility;
use crate::idempotency::Completion;
use crate::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use crate::people::Role;
use crate::subjects::{Parties, SubjectRef};

/// The cause of a failure, kept for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something unique that already stands in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unique {
    /// A person's username.
    Username,
    /// A person's email address.
    Email,
    /// A participant of a thread.
    Participant,
    /// Another unique value; one that services never provoke.
    Other,
}

/// Why a store can't answer just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outage {
    /// Its queue is full or a lock was not to be had in time.
    Busy,
    /// The connection is lost or can't be made.
    Disconnected,
    /// It took longer than the limit.
    TimedOut,
    /// The disk is full.
    StorageFull,
    /// It is stopping.
    Stopping,
}

/// How a store fails. Adapters classify by kind. Where a driver hides the code of an error, they read
/// its text in one place that says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A fact of the commit's guard no longer holds; nothing was changed. Load and decide again.
    #[error("what the decision rested on has changed")]
    Stale,
    /// A unique value is taken; nothing was changed.
    #[error("a unique value is taken: {0:?}")]
    Duplicate(Unique),
    /// Something else links to what should be removed; nothing was changed.
    #[error("something links to it")]
    Referenced,
    /// The store can't answer just now; nothing was acknowledged.
    #[error("the store is unavailable ({outage:?})")]
    Unavailable {
        /// Why.
        outage: Outage,
        /// The adapter's own error, if there is one.
        #[source]
        source: Option<Cause>,
    },
    /// A stored row is not what the program wrote.
    #[error("a stored {what} is damaged")]
    Corrupt {
        /// What kind of row.
        what: &'static str,
        /// The adapter's own error, if there is one.
        #[source]
        source: Option<Cause>,
    },
    /// Any other failure.
    #[error("the store failed")]
    Backend(#[source] Cause),
}

impl StoreError {
    /// An outage without a cause of its own.
    #[must_use]
    pub fn unavailable(outage: Outage) -> Self {
        Self::Unavailable {
            outage,
            source: None,
        }
    }
}

impl From<TooManyEvents> for StoreError {
    fn from(error: TooManyEvents) -> Self {
        Self::Backend(error.into())
    }
}

impl From<StoreError> for crate::error::Error {
    fn from(error: StoreError) -> Self {
        use crate::error::Conflict;
        match error {
            StoreError::Stale => Self::Contended,
            StoreError::Duplicate(Unique::Username) => Conflict::UsernameTaken.into(),
            StoreError::Duplicate(Unique::Email) => Conflict::EmailTaken.into(),
            StoreError::Referenced => Conflict::SubjectInUse.into(),
            other => Self::Store(other),
        }
    }
}

/// Something that a decision rested on. A store MUST check each fact of a commit inside the
/// commit's own transaction, hold it true until the transaction ends, and answer
/// [`StoreError::Stale`] without changing anything when one does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The person exists, is active and has this role.
    ActiveUser {
        /// Who.
        user: UserId,
        /// In which role.
        role: Role,
    },
    /// The person exists and has this role, active or not.
    HasRole {
        /// Who.
        user: UserId,
        /// Which role.
        role: Role,
    },
    /// The subject exists and has these parties.
    Parties {
        /// Which subject.
        subject: SubjectRef,
        /// Its parties.
        parties: Parties,
    },
    /// The person is a participant of the thread.
    Participant {
        /// Which thread.
        thread: ThreadId,
        /// Who.
        user: UserId,
    },
    /// The thread is open (`active`) or closed.
    ThreadActive {
        /// Which thread.
        thread: ThreadId,
        /// Whether it is open.
        active: bool,
    },
    /// The bundle is in this version.
    BundleVersion {
        /// Which bundle.
        bundle: BundleId,
        /// Its version.
        version: i64,
    },
    /// The ticket is in this version.
    TicketVersion {
        /// Which ticket.
        ticket: TicketId,
        /// Its version.
        version: i64,
    },
    /// The message exists and is not deleted.
    MessageNotDeleted {
        /// Which message.
        message: MessageId,
    },
    /// The bundle file exists, is not deleted, and is visible to these parties.
    FileVisibleTo {
        /// Which file.
        file: FileId,
        /// Which party sees it.
        visibility: Visibility,
    },
}

/// A change with everything that becomes true together with it.
///
/// A store MUST apply the change, its events and its idempotency completion in one transaction,
/// or none of them. What a store has answered `Ok` MUST survive the death of the process and a
/// loss of power (a store in memory excepted).
///
/// A change of a row, or one that links to a row, that is not there (or that was deleted) MUST
/// answer [`StoreError::Stale`]. A change that turns out to be none MUST write no event and
/// complete nothing: those are the answers `false` and `0`.
///
/// A completion MUST remember the id of the row that the commit creates (of a thread with a first
/// message: the thread), or else of the one that it changes; an event that names the row as
/// [`RowId::Created`](crate::events::RowId::Created) MUST be stored with the same id. A commit with
/// more than [`MAX_EVENTS`](crate::events::MAX_EVENTS) events MUST fail. Ids count up from 1 in each
/// table and MUST NOT be used twice, not even after a row was removed; they may have gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<C> {
    /// What changes.
    pub change: C,
    /// What has to hold still.
    pub guard: Vec<Precondition>,
    /// What is written to the log of changes, in this order.
    pub events: Vec<NewEvent>,
    /// The idempotency reservation that this commit completes.
    pub completes: Option<Completion>,
}

impl<C> Commit<C> {
    /// A commit that rests on nothing and tells nothing yet.
    #[must_use]
    pub fn new(change: C) -> Self {
        Self {
            change,
            guard: Vec::new(),
            events: Vec::new(),
            completes: None,
        }
    }

    /// Adds a fact to the guard.
    #[must_use]
    pub fn require(mut self, fact: Precondition) -> Self {
        self.guard.push(fact);
        self
    }

    /// Adds facts to the guard.
    #[must_use]
    pub fn require_all(mut self, facts: impl IntoIterator<Item = Precondition>) -> Self {
        self.guard.extend(facts);
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn with_event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Adds events.
    #[must_use]
    pub fn with_events(mut self, events: impl IntoIterator<Item = NewEvent>) -> Self {
        self.events.extend(events);
        self
    }

    /// Completes an idempotency reservation together with the change.
    #[must_use]
    pub fn completing(mut self, completion: Option<Completion>) -> Self {
        self.completes = completion;
        self
    }
}

/// Every repository port in one, for wiring: whatever implements all of them is a store.
pub trait Store:
    crate::people::UserRepository
    + crate::people::SessionRepository
    + crate::subjects::SubjectRepository
    + crate::bundles::BundleRepository
    + crate::threads::ThreadRepository
    + crate::threads::MessageRepository
    + crate::tickets::TicketRepository
    + crate::files::FileRepository
    + crate::blobs::BlobRepository
    + crate::events::EventRepository
    + crate::idempotency::IdempotencyRepository
    + Maintenance
{
}

impl<S> Store for S where
    S: crate::people::UserRepository
        + crate::people::SessionRepository
        + crate::subjects::SubjectRepository
        + crate::bundles::BundleRepository
        + crate::threads::ThreadRepository
        + crate::threads::MessageRepository
        + crate::tickets::TicketRepository
        + crate::files::FileRepository
        + crate::blobs::BlobRepository
        + crate::events::EventRepository
        + crate::idempotency::IdempotencyRepository
        + Maintenance
{
}

/// What has outlived its use by now, as [`Maintenance::purge`] understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionCutoffs {
    /// Sessions that end at or before this are over.
    pub sessions_expired_by: Timestamp,
    /// Sessions last used before this are over.
    pub sessions_idle_since: Timestamp,
    /// Failed logins before this no longer count.
    pub login_failures_before: Timestamp,
    /// Idempotency records that end at or before this are forgotten.
    pub idempotency_expired_by: Timestamp,
}

/// Looking after the store itself.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait::async_trait]
pub trait Maintenance: Send + Sync {
    /// Answers when the store can read.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Removes at most `limit` rows of each kind that have outlived their use, and says how many
    /// went. It MUST NOT remove anything else, and several processes MAY call it at once.
    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError>;
}
