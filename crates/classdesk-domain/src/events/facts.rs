//! What the log keeps of an event: what it was about, and what decides who may see it.

use std::collections::BTreeMap;

use crate::files::model::Visibility;
use crate::ids::{ApiKeyId, BundleId, FileId, MessageId, ThreadId, TicketId, UserId, WebhookId};
use crate::subjects::model::{Parties, SubjectRef};

/// The id of a row that an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowId<I> {
    /// The row that the commit of the event creates. Only the store knows its id.
    Created,
    /// A row that was there before.
    Existing(I),
}

impl<I> From<I> for RowId<I> {
    fn from(id: I) -> Self {
        Self::Existing(id)
    }
}

/// The thread that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventThread {
    /// Which one.
    pub id: RowId<ThreadId>,
    /// The subject it is about.
    pub subject: SubjectRef,
}

/// The ticket that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTicket {
    /// Which one.
    pub id: RowId<TicketId>,
    /// Whom it is for.
    pub requester: UserId,
    /// The subject it is on, if it is on one.
    pub subject: Option<SubjectRef>,
}

/// The ids that a store has given in a commit, for the events that name what it creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitIds {
    /// The row that the commit creates, or else the one that it changes.
    pub row: i64,
    /// The first message of a thread that was opened with one.
    pub first_message: Option<MessageId>,
}

impl CommitIds {
    /// The id of a row that the commit of the event may have created.
    pub(super) fn row<I>(self, id: RowId<I>, new: fn(i64) -> I) -> I {
        match id {
            RowId::Created => new(self.row),
            RowId::Existing(id) => id,
        }
    }
}

/// The ticket in whose history an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketLine {
    /// The ticket.
    pub ticket: TicketId,
    /// Whether it is for staff alone.
    pub is_internal: bool,
}

/// By what an event is found, and what decides who may see it.
///
/// An event without any of these stands in the audit log alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventScope {
    /// The bundle or the registered subject.
    pub subject: Option<SubjectRef>,
    /// The thread.
    pub thread: Option<ThreadId>,
    /// The ticket.
    pub ticket: Option<TicketLine>,
    /// Whom the ticket is for, which never changes.
    pub requester: Option<UserId>,
    /// The bundle file.
    pub file: Option<FileId>,
    /// Which parties saw a file that is gone. Rows from before this was kept have none.
    pub seen_by: Option<Visibility>,
}

/// What the log keeps of an event beside its time, its actor and its action.
///
/// Each one begins with what it was done to, which also says who may see it.
#[derive(Debug)]
pub(super) struct EventFacts {
    pub(super) content_type: String,
    pub(super) object_id: i64,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) detail: BTreeMap<String, String>,
    pub(super) scope: EventScope,
}

impl EventFacts {
    fn new(content_type: &str, object_id: i64, scope: EventScope) -> Self {
        Self {
            content_type: content_type.to_owned(),
            object_id,
            from: None,
            to: None,
            detail: BTreeMap::new(),
            scope,
        }
    }

    /// Of a person. It stands in the audit log alone.
    pub(super) fn user(id: UserId) -> Self {
        Self::new("user", id.get(), EventScope::default())
    }

    /// Of a key. It stands in the audit log alone.
    pub(super) fn api_key(id: ApiKeyId) -> Self {
        Self::new("api_key", id.get(), EventScope::default())
    }

    /// Of a webhook. It stands in the audit log alone.
    pub(super) fn webhook(id: WebhookId) -> Self {
        Self::new("webhook", id.get(), EventScope::default())
    }

    /// Of a subject.
    pub(super) fn subject(subject: &SubjectRef) -> Self {
        let kind = subject.content_type.as_str();
        let scope = EventScope {
            subject: Some(subject.clone()),
            ..EventScope::default()
        };
        Self::new(kind, subject.object_id, scope)
    }

    /// Of a bundle.
    pub(super) fn bundle(id: BundleId) -> Self {
        Self::subject(&SubjectRef::bundle(id))
    }

    /// Of a thread.
    pub(super) fn thread(thread: &EventThread, ids: CommitIds) -> Self {
        let id = ids.row(thread.id, ThreadId::new);
        let scope = EventScope {
            subject: Some(thread.subject.clone()),
            thread: Some(id),
            ..EventScope::default()
        };
        Self::new("thread", id.get(), scope)
    }

    /// Of a message. A first one stands beside the event of its thread and does not repeat it.
    pub(super) fn message(id: RowId<MessageId>, thread: &EventThread, ids: CommitIds) -> Self {
        let id = match (id, ids.first_message) {
            (RowId::Created, Some(first)) => first,
            (id, _) => ids.row(id, MessageId::new),
        };
        let known = match thread.id {
            RowId::Created => None,
            RowId::Existing(id) => Some(id),
        };
        let scope = Self::thread(thread, ids).scope;
        Self::new("message", id.get(), scope).maybe("thread", known)
    }

    /// Of a ticket.
    pub(super) fn ticket(ticket: &EventTicket, ids: CommitIds) -> Self {
        let id = ids.row(ticket.id, TicketId::new);
        let scope = EventScope {
            subject: ticket.subject.clone(),
            ticket: Some(TicketLine {
                ticket: id,
                is_internal: false,
            }),
            requester: Some(ticket.requester),
            ..EventScope::default()
        };
        Self::new("ticket", id.get(), scope)
    }

    /// Whether it is for staff alone.
    pub(super) fn internal(mut self, is_internal: bool) -> Self {
        if let Some(line) = &mut self.scope.ticket {
            line.is_internal = is_internal;
        }
        self
    }

    /// Of a file of a bundle.
    pub(super) fn file(id: FileId, bundle: BundleId) -> Self {
        let scope = EventScope {
            subject: Some(SubjectRef::bundle(bundle)),
            file: Some(id),
            ..EventScope::default()
        };
        Self::new("file", id.get(), scope).fact("bundle", bundle)
    }

    /// Which parties saw the file that is gone.
    pub(super) fn seen_by(mut self, visibility: Visibility) -> Self {
        self.scope.seen_by = Some(visibility);
        self
    }

    /// The value before and after, where one value changed.
    pub(super) fn values<T: ToString>(mut self, from: Option<T>, to: Option<T>) -> Self {
        self.from = from.map(|value| value.to_string());
        self.to = to.map(|value| value.to_string());
        self
    }

    /// A further fact.
    pub(super) fn fact(self, name: &str, value: impl ToString) -> Self {
        self.maybe(name, Some(value))
    }

    /// A further fact, if there is one.
    pub(super) fn maybe(mut self, name: &str, value: Option<impl ToString>) -> Self {
        let value = value.map(|value| (name.to_owned(), value.to_string()));
        self.detail.extend(value);
        self
    }

    /// The fact that something changed whose value is not repeated in the log.
    pub(super) fn changed(self, name: &str, is_changed: bool) -> Self {
        self.maybe(name, is_changed.then_some("changed"))
    }

    /// Whose it is now.
    pub(super) fn parties(self, parties: &Parties) -> Self {
        self.fact("client", parties.client)
            .maybe("assigned_writer", parties.assigned_writer)
    }
}

/// A subject as the log names it.
pub(super) fn by_kind(subject: &SubjectRef) -> String {
    format!("{}/{}", subject.content_type, subject.object_id)
}
