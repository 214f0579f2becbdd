//! The append-only log of changes: the audit trail and the ticket history in one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::{Error, FieldError};
use crate::ids::{EventId, TicketId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::{Actor, UserRef};
use crate::policy::{Permission, authorize};
use crate::store::StoreError;
use crate::string_enum::string_enum;
use crate::subjects::SubjectKind;

string_enum! {
    /// What was done.
    EventAction {
        /// A person was created.
        UserCreated = "user.created",
        /// A person's fields were changed.
        UserChanged = "user.changed",
        /// A person's password was changed, by themselves or by who manages them.
        PasswordChanged = "user.password_changed",
        /// A person signed in.
        SessionStarted = "session.started",
        /// Sessions were ended.
        SessionEnded = "session.ended",
        /// A subject was registered.
        SubjectRegistered = "subject.registered",
        /// A registered subject was changed.
        SubjectChanged = "subject.changed",
        /// A registered subject was removed.
        SubjectRemoved = "subject.removed",
        /// A bundle was created.
        BundleCreated = "bundle.created",
        /// A bundle's fields were changed.
        BundleChanged = "bundle.changed",
        /// A bundle got another writer, or none.
        WriterAssigned = "bundle.writer_assigned",
        /// A thread was opened.
        ThreadCreated = "thread.created",
        /// A thread's subject line was changed.
        ThreadChanged = "thread.changed",
        /// A thread was closed.
        ThreadClosed = "thread.closed",
        /// A thread was opened again.
        ThreadReopened = "thread.reopened",
        /// Somebody joined a thread.
        ParticipantAdded = "thread.participant_added",
        /// Somebody was taken off a thread.
        ParticipantRemoved = "thread.participant_removed",
        /// A message was sent.
        MessageSent = "message.sent",
        /// A message was edited.
        MessageEdited = "message.edited",
        /// A message was deleted.
        MessageDeleted = "message.deleted",
        /// A ticket was created.
        TicketCreated = "ticket.created",
        /// A ticket's status was changed.
        TicketStatusChanged = "ticket.status_changed",
        /// A ticket's priority was changed.
        TicketPriorityChanged = "ticket.priority_changed",
        /// A ticket's category was changed.
        TicketCategoryChanged = "ticket.category_changed",
        /// A ticket's assignee was changed.
        TicketAssigned = "ticket.assigned",
        /// A ticket's title was changed.
        TicketTitleChanged = "ticket.title_changed",
        /// A message was added to a ticket.
        TicketMessageAdded = "ticket.message_added",
        /// A file was attached to a ticket.
        TicketAttachmentAdded = "ticket.attachment_added",
        /// A file was put on a bundle.
        FileUploaded = "file.uploaded",
        /// A bundle file's description or visibility was changed.
        FileChanged = "file.changed",
        /// A bundle file was deleted.
        FileDeleted = "file.deleted",
    }
}

/// The kind of thing that an event is about, as the audit log's `content_type`.
///
/// Registered subjects appear under their own kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventObject {
    /// For example `ticket`, or the kind of a registered subject.
    pub content_type: String,
    /// Its id; `None` in a new event means the row that the commit creates.
    pub object_id: Option<i64>,
}

impl EventObject {
    /// An object that exists.
    pub fn existing(content_type: impl Into<String>, id: i64) -> Self {
        Self {
            content_type: content_type.into(),
            object_id: Some(id),
        }
    }

    /// The object that the commit creates: the store MUST put its new id here.
    pub fn created(content_type: impl Into<String>) -> Self {
        Self {
            content_type: content_type.into(),
            object_id: None,
        }
    }
}

/// Where an event stands in the history of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketLine {
    /// The ticket; `None` means the one that the commit creates.
    pub ticket: Option<TicketId>,
    /// Whether it is for staff alone.
    pub is_internal: bool,
}

/// An event on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself (for example the first superadmin's creation).
    pub actor: Option<UserId>,
    /// What was done.
    pub action: EventAction,
    /// To what.
    pub object: EventObject,
    /// Its line in a ticket's history, if it is one.
    pub ticket: Option<TicketLine>,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
    /// Further facts by name. Never a secret, never the text of a message.
    pub detail: BTreeMap<String, String>,
}

impl NewEvent {
    /// An event with nothing but its essentials.
    #[must_use]
    pub fn new(
        at: Timestamp,
        actor: Option<UserId>,
        action: EventAction,
        object: EventObject,
    ) -> Self {
        Self {
            at,
            actor,
            action,
            object,
            ticket: None,
            from: None,
            to: None,
            detail: BTreeMap::new(),
        }
    }

    /// Adds a named fact.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the values are ids and words, which read better without a borrow"
    )]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }

    /// Says what one value was and what it became.
    #[must_use]
    pub fn changing(mut self, from: Option<String>, to: Option<String>) -> Self {
        self.from = from;
        self.to = to;
        self
    }

    /// Makes it a line of a ticket's history.
    #[must_use]
    pub fn in_history(mut self, line: TicketLine) -> Self {
        self.ticket = Some(line);
        self
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the log.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserRef>,
    /// What was done.
    pub action: EventAction,
    /// The kind of thing it was done to.
    pub content_type: String,
    /// Its id.
    pub object_id: i64,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
    /// Further facts by name.
    pub detail: BTreeMap<String, String>,
}

/// A line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// Its place in the log.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserRef>,
    /// What was done.
    pub action: EventAction,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
}

/// What the audit log is searched for. Every given filter has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Done by this person.
    pub actor: Option<UserId>,
    /// This was done.
    pub action: Option<EventAction>,
    /// Done to this kind of thing.
    pub content_type: Option<String>,
    /// Done to a thing with this id.
    pub object_id: Option<i64>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Checks the text of a `content_type` filter.
    ///
    /// # Errors
    /// A [`FieldError`] when it can't be any kind.
    pub fn parse_content_type(text: &str) -> Result<String, FieldError> {
        SubjectKind::parse(text).map(|kind| kind.as_str().to_owned())
    }
}

/// Reading the log. Writing happens only as part of a [`Commit`](crate::store::Commit).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventRepository: Send + Sync {
    /// Entries that match, newest first (descending `at`, then id). The events of one commit, which
    /// have the same time, MUST stand together in the order in which the commit listed them.
    async fn audit(
        &self,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError>;
}

/// Reading the audit log (docs/contract.md#audit-log).
#[derive(Clone)]
pub struct Audit {
    pub(crate) events: Arc<dyn EventRepository>,
}

impl Audit {
    /// Whether this actor may read the log at all, for shells that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read(&self, actor: &Actor) -> Result<(), Error> {
        authorize(actor, &Permission::ReadAudit).require()
    }

    /// Entries that match, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn list(
        &self,
        actor: &Actor,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, Error> {
        self.may_read(actor)?;
        Ok(self.events.audit(filter, page).await?)
    }
}
