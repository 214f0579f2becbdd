//! How an event becomes a row of the log.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::files::model::Visibility;
use crate::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use crate::subjects::model::SubjectRef;
use crate::tickets::model::TicketStatus;

use super::action::EventAction;
use super::model::{DomainEvent, EventThread, EventTicket, NewEvent, RowId};

/// How many events a commit may have at most: PostgreSQL reserves that many ids for each one.
pub const MAX_EVENTS: usize = 64;

/// A commit had more than [`MAX_EVENTS`] events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commit has {0} events, and {MAX_EVENTS} are the most")]
pub struct TooManyEvents(usize);

/// The ids that a store has given in a commit, for the events that name what it creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitIds {
    /// The row that the commit creates, or else the one that it changes.
    pub row: i64,
    /// The first message of a thread that was opened with one.
    pub first_message: Option<MessageId>,
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

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserId>,
    /// What was done.
    pub action: EventAction,
    /// To what kind of thing. Registered subjects appear under their own kind.
    pub content_type: String,
    /// To which one.
    pub object_id: i64,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
    /// Further facts by name.
    pub detail: BTreeMap<String, String>,
    /// By what it is found.
    pub scope: EventScope,
}

impl EventRecord {
    /// The rows that a commit writes, in the order of its events.
    ///
    /// # Errors
    /// [`TooManyEvents`].
    pub fn of_commit(events: Vec<NewEvent>, ids: CommitIds) -> Result<Vec<Self>, TooManyEvents> {
        if events.len() > MAX_EVENTS {
            return Err(TooManyEvents(events.len()));
        }
        Ok(events.into_iter().map(|new| Self::of(&new, ids)).collect())
    }

    fn of(new: &NewEvent, ids: CommitIds) -> Self {
        let (content_type, object_id) = object(&new.event, ids);
        let (from, to) = values(&new.event);
        Self {
            at: new.at,
            actor: new.actor,
            action: action(&new.event),
            content_type,
            object_id,
            from,
            to,
            detail: detail(&new.event),
            scope: scope(&new.event, ids),
        }
    }
}

impl<I> RowId<I> {
    fn or(self, created: impl FnOnce() -> I) -> I {
        match self {
            Self::Created => created(),
            Self::Existing(id) => id,
        }
    }
}

impl CommitIds {
    fn user(self, id: RowId<UserId>) -> UserId {
        id.or(|| UserId::new(self.row))
    }

    fn bundle(self, id: RowId<BundleId>) -> BundleId {
        id.or(|| BundleId::new(self.row))
    }

    fn thread(self, thread: &EventThread) -> ThreadId {
        thread.id.or(|| ThreadId::new(self.row))
    }

    fn message(self, id: RowId<MessageId>) -> MessageId {
        id.or(|| self.first_message.unwrap_or(MessageId::new(self.row)))
    }

    fn ticket(self, ticket: &EventTicket) -> TicketId {
        ticket.id.or(|| TicketId::new(self.row))
    }

    fn file(self, id: RowId<FileId>) -> FileId {
        id.or(|| FileId::new(self.row))
    }
}

const fn action(event: &DomainEvent) -> EventAction {
    use DomainEvent as E;
    match event {
        E::UserCreated { .. } => EventAction::UserCreated,
        E::UserChanged { .. } => EventAction::UserChanged,
        E::PasswordChanged { .. } => EventAction::PasswordChanged,
        E::SessionStarted { .. } => EventAction::SessionStarted,
        E::SessionEnded { .. } => EventAction::SessionEnded,
        E::SubjectRegistered { .. } => EventAction::SubjectRegistered,
        E::SubjectChanged { .. } => EventAction::SubjectChanged,
        E::SubjectRemoved { .. } => EventAction::SubjectRemoved,
        E::BundleCreated { .. } => EventAction::BundleCreated,
        E::BundleChanged { .. } => EventAction::BundleChanged,
        E::WriterAssigned { .. } => EventAction::WriterAssigned,
        E::ThreadCreated { .. } => EventAction::ThreadCreated,
        E::ThreadChanged { .. } => EventAction::ThreadChanged,
        E::ThreadClosed { .. } => EventAction::ThreadClosed,
        E::ThreadReopened { .. } => EventAction::ThreadReopened,
        E::ParticipantAdded { .. } => EventAction::ParticipantAdded,
        E::ParticipantRemoved { .. } => EventAction::ParticipantRemoved,
        E::MessageSent { .. } => EventAction::MessageSent,
        E::MessageEdited { .. } => EventAction::MessageEdited,
        E::MessageDeleted { .. } => EventAction::MessageDeleted,
        E::TicketCreated { .. } => EventAction::TicketCreated,
        E::TicketStatusChanged { .. } => EventAction::TicketStatusChanged,
        E::TicketPriorityChanged { .. } => EventAction::TicketPriorityChanged,
        E::TicketCategoryChanged { .. } => EventAction::TicketCategoryChanged,
        E::TicketAssigned { .. } => EventAction::TicketAssigned,
        E::TicketTitleChanged { .. } => EventAction::TicketTitleChanged,
        E::TicketMessageAdded { .. } => EventAction::TicketMessageAdded,
        E::TicketAttachmentAdded { .. } => EventAction::TicketAttachmentAdded,
        E::FileUploaded { .. } => EventAction::FileUploaded,
        E::FileChanged { .. } => EventAction::FileChanged,
        E::FileDeleted { .. } => EventAction::FileDeleted,
    }
}

/// What the audit log says that it was done to.
fn object(event: &DomainEvent, ids: CommitIds) -> (String, i64) {
    use DomainEvent as E;
    let (kind, id) = match event {
        E::UserCreated { user, .. } => ("user", ids.user(*user).get()),
        E::UserChanged { user, .. }
        | E::PasswordChanged { user }
        | E::SessionStarted { user }
        | E::SessionEnded { user } => ("user", user.get()),
        E::SubjectRegistered { subject, .. }
        | E::SubjectChanged { subject, .. }
        | E::SubjectRemoved { subject } => (subject.content_type.as_str(), subject.object_id),
        E::BundleCreated { bundle, .. } => ("class_bundle", ids.bundle(*bundle).get()),
        E::BundleChanged { bundle, .. } | E::WriterAssigned { bundle, .. } => {
            ("class_bundle", bundle.get())
        }
        E::ThreadCreated { thread, .. }
        | E::ThreadChanged { thread, .. }
        | E::ThreadClosed { thread }
        | E::ThreadReopened { thread }
        | E::ParticipantAdded { thread, .. }
        | E::ParticipantRemoved { thread, .. } => ("thread", ids.thread(thread).get()),
        E::MessageSent { message, .. } => ("message", ids.message(*message).get()),
        E::MessageEdited { message, .. } | E::MessageDeleted { message, .. } => {
            ("message", message.get())
        }
        E::TicketCreated { ticket }
        | E::TicketStatusChanged { ticket, .. }
        | E::TicketPriorityChanged { ticket, .. }
        | E::TicketCategoryChanged { ticket, .. }
        | E::TicketAssigned { ticket, .. }
        | E::TicketTitleChanged { ticket, .. }
        | E::TicketMessageAdded { ticket, .. }
        | E::TicketAttachmentAdded { ticket, .. } => ("ticket", ids.ticket(ticket).get()),
        E::FileUploaded { file, .. } => ("file", ids.file(*file).get()),
        E::FileChanged { file, .. } | E::FileDeleted { file, .. } => ("file", file.get()),
    };
    (kind.to_owned(), id)
}

/// What decides who may see it. There is no default: each new event has to say.
fn scope(event: &DomainEvent, ids: CommitIds) -> EventScope {
    use DomainEvent as E;
    match event {
        E::UserCreated { .. }
        | E::UserChanged { .. }
        | E::PasswordChanged { .. }
        | E::SessionStarted { .. }
        | E::SessionEnded { .. } => EventScope::default(),
        E::SubjectRegistered { subject, .. }
        | E::SubjectChanged { subject, .. }
        | E::SubjectRemoved { subject } => of_subject(subject.clone()),
        E::BundleCreated { bundle, .. } => of_subject(SubjectRef::bundle(ids.bundle(*bundle))),
        E::BundleChanged { bundle, .. } | E::WriterAssigned { bundle, .. } => {
            of_subject(SubjectRef::bundle(*bundle))
        }
        E::ThreadCreated { thread, .. }
        | E::ThreadChanged { thread, .. }
        | E::ThreadClosed { thread }
        | E::ThreadReopened { thread }
        | E::ParticipantAdded { thread, .. }
        | E::ParticipantRemoved { thread, .. }
        | E::MessageSent { thread, .. }
        | E::MessageEdited { thread, .. }
        | E::MessageDeleted { thread, .. } => EventScope {
            thread: Some(ids.thread(thread)),
            ..of_subject(thread.subject.clone())
        },
        E::TicketCreated { ticket }
        | E::TicketStatusChanged { ticket, .. }
        | E::TicketPriorityChanged { ticket, .. }
        | E::TicketCategoryChanged { ticket, .. }
        | E::TicketAssigned { ticket, .. }
        | E::TicketTitleChanged { ticket, .. } => of_ticket(ticket, ids, false),
        E::TicketMessageAdded {
            ticket,
            is_internal,
        }
        | E::TicketAttachmentAdded {
            ticket,
            is_internal,
            ..
        } => of_ticket(ticket, ids, *is_internal),
        E::FileUploaded { file, bundle, .. } => of_file(ids.file(*file), *bundle),
        E::FileChanged { file, bundle, .. } => of_file(*file, *bundle),
        E::FileDeleted {
            file,
            bundle,
            visibility,
            ..
        } => EventScope {
            seen_by: Some(*visibility),
            ..of_file(*file, *bundle)
        },
    }
}

fn of_subject(subject: SubjectRef) -> EventScope {
    EventScope {
        subject: Some(subject),
        ..EventScope::default()
    }
}

fn of_ticket(ticket: &EventTicket, ids: CommitIds, is_internal: bool) -> EventScope {
    EventScope {
        subject: ticket.subject.clone(),
        ticket: Some(TicketLine {
            ticket: ids.ticket(ticket),
            is_internal,
        }),
        requester: Some(ticket.requester),
        ..EventScope::default()
    }
}

fn of_file(file: FileId, bundle: BundleId) -> EventScope {
    EventScope {
        file: Some(file),
        ..of_subject(SubjectRef::bundle(bundle))
    }
}

/// The value before and after, where one value changed.
fn values(event: &DomainEvent) -> (Option<String>, Option<String>) {
    fn change<T: ToString>(from: &T, to: &T) -> (Option<String>, Option<String>) {
        (Some(from.to_string()), Some(to.to_string()))
    }
    use DomainEvent as E;
    match event {
        E::BundleChanged {
            status: Some((from, to)),
            ..
        } => change(from, to),
        E::WriterAssigned { from, to, .. } | E::TicketAssigned { from, to, .. } => {
            (from.map(|id| id.to_string()), to.map(|id| id.to_string()))
        }
        E::ThreadChanged { from, to, .. } => change(from, to),
        E::TicketCreated { .. } => (None, Some(TicketStatus::Open.to_string())),
        E::TicketStatusChanged { from, to, .. } => change(from, to),
        E::TicketPriorityChanged { from, to, .. } => change(from, to),
        E::TicketCategoryChanged { from, to, .. } => change(from, to),
        E::TicketTitleChanged { from, to, .. } => change(from, to),
        E::TicketAttachmentAdded { file_name, .. } => (None, Some(file_name.to_string())),
        _ => (None, None),
    }
}

/// The further facts that the audit log shows.
fn detail(event: &DomainEvent) -> BTreeMap<String, String> {
    use DomainEvent as E;
    let changed = |is_changed: bool| is_changed.then(|| "changed".to_owned());
    let text = |value: &dyn ToString| Some(value.to_string());
    let facts = match event {
        E::UserCreated { username, role, .. } => {
            vec![("username", text(username)), ("role", text(role))]
        }
        E::UserChanged { changes, .. } => vec![
            ("display_name", changed(changes.display_name)),
            ("email", changed(changes.email)),
            ("role", changes.role.map(|role| role.to_string())),
            (
                "is_active",
                changes.is_active.map(|active| active.to_string()),
            ),
        ],
        E::SubjectRegistered { parties, .. }
        | E::SubjectChanged { parties, .. }
        | E::BundleCreated { parties, .. } => vec![
            ("client", text(&parties.client)),
            (
                "assigned_writer",
                parties.assigned_writer.map(|writer| writer.to_string()),
            ),
        ],
        E::BundleChanged { fields, .. } => vec![("fields", Some(fields.join(",")))],
        E::ThreadCreated { thread, recipient } => vec![
            ("subject", Some(subject_text(&thread.subject))),
            ("recipient", text(recipient)),
        ],
        E::ParticipantAdded { user, .. } | E::ParticipantRemoved { user, .. } => {
            vec![("user", text(user))]
        }
        E::MessageSent { thread, .. } => vec![("thread", known_thread(thread))],
        E::MessageEdited { thread, sender, .. } | E::MessageDeleted { thread, sender, .. } => {
            vec![("thread", known_thread(thread)), ("sender", text(sender))]
        }
        E::TicketCreated { ticket } => vec![
            ("requester", text(&ticket.requester)),
            ("subject", ticket.subject.as_ref().map(subject_text)),
        ],
        E::FileUploaded {
            bundle, file_name, ..
        }
        | E::FileDeleted {
            bundle, file_name, ..
        } => vec![("bundle", text(bundle)), ("file_name", text(file_name))],
        E::FileChanged {
            bundle,
            description,
            visibility,
            ..
        } => vec![
            ("bundle", text(bundle)),
            ("description", changed(*description)),
            (
                "is_visible_to_client",
                visibility.map(|visibility| visibility.to_client.to_string()),
            ),
            (
                "is_visible_to_writer",
                visibility.map(|visibility| visibility.to_writer.to_string()),
            ),
        ],
        _ => Vec::new(),
    };
    let given = facts
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}

fn subject_text(subject: &SubjectRef) -> String {
    format!("{}/{}", subject.content_type, subject.object_id)
}

/// A first message stands beside the event of its thread and does not repeat it.
fn known_thread(thread: &EventThread) -> Option<String> {
    match thread.id {
        RowId::Created => None,
        RowId::Existing(id) => Some(id.to_string()),
    }
}
