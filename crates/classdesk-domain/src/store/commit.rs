//! The commit: a change, what it rests on, and what follows from it.

use crate::clock::Timestamp;
use crate::events::model::{DomainEvent, NewEvent};
use crate::idempotency::model::Completion;
use crate::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId, WebhookId};
use crate::people::model::Role;
use crate::request_context::RequestContext;
use crate::subjects::model::{Parties, SubjectRef};

/// Something that a decision rested on. A store MUST check each fact of a commit inside the
/// commit's own transaction, hold it true until the transaction ends, and answer
/// [`StoreError::Stale`](super::StoreError::Stale) without changing anything when one does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The person exists, is active and has this role.
    ActiveUser {
        /// The user.
        user: UserId,
        /// In which role.
        role: Role,
    },
    /// The person exists and has this role, active or not.
    HasRole {
        /// The user.
        user: UserId,
        /// Which role.
        role: Role,
    },
    /// Another person than this one is an active superadmin.
    OtherSuperadmin {
        /// The user that does not count.
        than: UserId,
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
        /// The user.
        user: UserId,
    },
    /// The thread is open (`active`) or closed.
    ThreadActive {
        /// Which thread.
        thread: ThreadId,
        /// Whether it is open.
        active: bool,
    },
    /// The thing is there, in this version.
    Version {
        /// Which thing.
        of: Versioned,
        /// Its version.
        version: i64,
    },
}

/// A thing that counts its changes. A store MUST count up its version by one with every change
/// of what the thing itself says. What only counts or lists others is no part of it, and neither is
/// what people are called and whether they are active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versioned {
    /// A person; signing in is no change.
    User(UserId),
    /// A subject. A bundle's MUST be in the version of the bundle.
    Subject(SubjectRef),
    /// A bundle with its writer.
    Bundle(BundleId),
    /// A thread with its participants: people who are added and removed, and every change of the
    /// parties of its subject.
    Thread(ThreadId),
    /// A ticket; what is written to it counts where it changes the status.
    Ticket(TicketId),
    /// A message; its deletion is a change too.
    Message(MessageId),
    /// A file of a bundle.
    File(FileId),
    /// A webhook; how it fares is no part of it.
    Webhook(WebhookId),
}

impl Versioned {
    /// The fact that it is in this version.
    #[must_use]
    pub const fn at(self, version: i64) -> Precondition {
        Precondition::Version { of: self, version }
    }
}

/// A change with everything that becomes true together with it.
///
/// A store MUST apply the change, its events and its idempotency completion in one transaction,
/// or none of them. What a store has answered `Ok` MUST survive the death of the process and a
/// loss of power (a store in memory excepted).
///
/// A change of a row, or one that links to a row, that is not there (or that was deleted) MUST
/// answer [`StoreError::Stale`](super::StoreError::Stale). A change that turns out to be none MUST write no event and
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
    pub preconditions: Vec<Precondition>,
    /// What is written to the log of changes, in this order.
    pub events: Vec<NewEvent>,
    /// The idempotency reservation that this commit completes.
    pub completes: Option<Completion>,
}

impl<C> Commit<C> {
    /// A commit without preconditions and events.
    #[must_use]
    pub fn new(change: C) -> Self {
        Self {
            change,
            preconditions: Vec::new(),
            events: Vec::new(),
            completes: None,
        }
    }

    /// What an actor commits: they have to be active, the events are theirs and name their key, and
    /// the reservation of their request is completed with the change.
    pub(crate) fn by(
        by: &RequestContext,
        at: Timestamp,
        change: C,
        events: impl IntoIterator<Item = DomainEvent>,
    ) -> Self {
        let actor = by.actor;
        let events = events.into_iter();
        Self {
            change,
            preconditions: vec![Precondition::ActiveUser {
                user: actor.id,
                role: actor.role,
            }],
            events: events
                .map(|event| NewEvent::new(at, Some(actor.id), event).by_key(by.key))
                .collect(),
            completes: by.completes,
        }
    }

    /// Adds a precondition.
    #[must_use]
    pub fn require(mut self, fact: Precondition) -> Self {
        self.preconditions.push(fact);
        self
    }

    /// Adds preconditions.
    #[must_use]
    pub fn require_all(mut self, facts: impl IntoIterator<Item = Precondition>) -> Self {
        self.preconditions.extend(facts);
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
