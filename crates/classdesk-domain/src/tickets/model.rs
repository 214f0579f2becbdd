//! What a ticket is and how it moves (docs/contract.md#tickets).

use crate::blobs::model::FileInfo;
use crate::clock::Timestamp;
use crate::ids::{TicketAttachmentId, TicketId, TicketMessageId, UserId};
use crate::people::model::UserRef;
use crate::search::SearchText;
use crate::string_enum::string_enum;
use crate::subjects::model::{Parties, SubjectKind, SubjectRef};
use crate::text::{Description, MessageText, Title};

string_enum! {
    /// How urgent a ticket is.
    TicketPriority {
        /// It can wait.
        Low = "low",
        /// The usual.
        Medium = "medium",
        /// Soon.
        High = "high",
        /// Now.
        Critical = "critical",
    }
}

string_enum! {
    /// What a ticket is about.
    TicketCategory {
        /// Anything.
        General = "general",
        /// Money.
        Payment = "payment",
        /// Something does not work.
        Technical = "technical",
        /// Praise or blame.
        Feedback = "feedback",
        /// An order.
        Order = "order",
        /// None of these.
        Other = "other",
    }
}

string_enum! {
    /// Where a ticket stands.
    TicketStatus {
        /// Work has not begun.
        Open = "open",
        /// It is being worked on.
        InProgress = "in_progress",
        /// The requester has to answer.
        AwaitingResponse = "awaiting_response",
        /// It went up.
        Escalated = "escalated",
        /// It is done.
        Closed = "closed",
    }
}

impl TicketStatus {
    /// Whether a ticket may go from here to `to`. The same state again is no transition.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        use TicketStatus::{AwaitingResponse, Closed, Escalated, InProgress, Open};
        match self {
            Open => matches!(to, InProgress | AwaitingResponse | Escalated | Closed),
            InProgress => matches!(to, AwaitingResponse | Escalated | Closed),
            AwaitingResponse => matches!(to, InProgress | Escalated | Closed),
            Escalated => matches!(to, InProgress | AwaitingResponse | Closed),
            Closed => matches!(to, Open),
        }
    }
}

/// A ticket does not go from one status to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no transition from {from} to {to}")]
pub struct InvalidTransition {
    /// The present status.
    pub from: TicketStatus,
    /// The status that was asked for.
    pub to: TicketStatus,
}

/// A ticket as one viewer sees it: the counts are of what that viewer may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// What it is called.
    pub title: Title,
    /// What it says; its last line names the subject, if it has one.
    pub description: Description,
    /// How urgent it is.
    pub priority: TicketPriority,
    /// What it is about.
    pub category: TicketCategory,
    /// Where it stands.
    pub status: TicketStatus,
    /// Whether it was ever escalated.
    pub is_escalated: bool,
    /// The subject it is on.
    pub about: Option<SubjectRef>,
    /// The parties of that subject.
    pub parties: Option<Parties>,
    /// The creator.
    pub created_by: UserRef,
    /// The requester.
    pub requester: UserRef,
    /// The assignee.
    pub assigned_to: Option<UserRef>,
    /// How many messages the viewer may see, deleted ones included.
    pub messages_count: i64,
    /// How many files the viewer may see.
    pub attachments_count: i64,
    /// When it was closed; cleared when it is opened again.
    pub resolved_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed or written to.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub version: i64,
}

impl Ticket {
    /// Moves the ticket: sets the status and what follows from it (`is_escalated`,
    /// `resolved_at`).
    ///
    /// # Errors
    /// [`InvalidTransition`] for a transition that does not exist.
    pub fn transition(&mut self, to: TicketStatus, at: Timestamp) -> Result<(), InvalidTransition> {
        if !self.status.may_become(to) {
            return Err(InvalidTransition {
                from: self.status,
                to,
            });
        }
        self.set_status(to, at);
        Ok(())
    }

    /// What a message of the requester does: an answer to a ticket that awaits one, or that is
    /// closed, opens it. Says whether it did.
    pub fn answered_by_requester(&mut self, at: Timestamp) -> bool {
        let opens = matches!(
            self.status,
            TicketStatus::AwaitingResponse | TicketStatus::Closed
        );
        if opens {
            self.set_status(TicketStatus::Open, at);
        }
        opens
    }

    fn set_status(&mut self, to: TicketStatus, at: Timestamp) {
        self.status = to;
        self.is_escalated |= to == TicketStatus::Escalated;
        self.resolved_at = (to == TicketStatus::Closed).then_some(at);
    }
}

/// A message on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketMessage {
    /// Its id.
    pub id: TicketMessageId,
    /// The ticket.
    pub ticket: TicketId,
    /// The sender.
    pub sender: UserRef,
    /// What it says; empty when it was deleted.
    pub text: MessageText,
    /// Whether it is for staff alone.
    pub is_internal: bool,
    /// Whether it was deleted. It keeps its place.
    pub is_deleted: bool,
    /// When.
    pub created_at: Timestamp,
}

/// A file on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketAttachment {
    /// Its id.
    pub id: TicketAttachmentId,
    /// The ticket.
    pub ticket: TicketId,
    /// What is known of it.
    pub file: FileInfo,
    /// Whether it is for staff alone.
    pub is_internal: bool,
}

/// A ticket to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub description: Description,
    /// How urgent it is.
    pub priority: TicketPriority,
    /// What it is about.
    pub category: TicketCategory,
}

impl NewTicket {
    /// A ticket of the usual priority and category.
    #[must_use]
    pub const fn new(title: Title, description: Description) -> Self {
        Self {
            title,
            description,
            priority: TicketPriority::Medium,
            category: TicketCategory::General,
        }
    }
}

/// A ticket to be created on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicketOnSubject {
    /// The ticket.
    pub ticket: NewTicket,
    /// The subject's client, when staff create it for them.
    pub on_behalf_of: Option<UserId>,
}

impl From<NewTicket> for NewTicketOnSubject {
    fn from(ticket: NewTicket) -> Self {
        Self {
            ticket,
            on_behalf_of: None,
        }
    }
}

/// A message to be added to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicketMessage {
    /// What it says.
    pub text: MessageText,
    /// Whether it is for staff alone.
    pub is_internal: bool,
}

/// A change to a ticket; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketChange {
    /// What it is called.
    pub title: Option<Title>,
    /// Where it shall stand.
    pub status: Option<TicketStatus>,
    /// How urgent it is.
    pub priority: Option<TicketPriority>,
    /// What it is about.
    pub category: Option<TicketCategory>,
    /// The new assignee; `Some(None)` removes the assignee.
    pub assigned_to: Option<Option<UserId>>,
}

/// Which tickets are listed. Every given filter has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketFilter {
    /// In this status.
    pub status: Option<TicketStatus>,
    /// Of this priority.
    pub priority: Option<TicketPriority>,
    /// In this category.
    pub category: Option<TicketCategory>,
    /// That this person has.
    pub assigned_to: Option<UserId>,
    /// That this person created.
    pub created_by: Option<UserId>,
    /// On subjects of this kind.
    pub content_type: Option<SubjectKind>,
    /// On a subject with this id.
    pub object_id: Option<i64>,
    /// Its words are in the title or the description, or one is the ticket's number.
    pub q: Option<SearchText>,
}
