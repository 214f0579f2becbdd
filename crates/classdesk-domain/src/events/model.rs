//! The things that happen, and what the log says of each.

use crate::blobs::file_name::FileName;
use crate::bundles::model::BundleStatus;
use crate::clock::Timestamp;
use crate::files::model::Visibility;
use crate::ids::{ApiKeyId, BundleId, FileId, MessageId, TicketMessageId, UserId, WebhookId};
use crate::people::access::Access;
use crate::people::model::Role;
use crate::people::names::Username;
use crate::string_enum::string_enum;
use crate::subjects::model::{Parties, SubjectRef};
use crate::text::{SubjectLine, Title};
use crate::tickets::model::{TicketCategory, TicketPriority, TicketStatus};
use crate::webhooks::words::DisabledReason;

use super::facts::{CommitIds, EventFacts, EventThread, EventTicket, RowId, by_kind};

/// Which fields of a person were changed. Names and addresses are not repeated in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserChanges {
    /// Whether the username was.
    pub username: bool,
    /// Whether the id in another system was.
    pub external_id: bool,
    /// Whether the name for others was.
    pub display_name: bool,
    /// Whether the email address was.
    pub email: bool,
    /// Whether the language was.
    pub language: bool,
    /// Whether the time zone was.
    pub time_zone: bool,
    /// The new role.
    pub role: Option<Role>,
    /// Whether the person is active from now on.
    pub is_active: Option<bool>,
}

/// An event on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself (for example the first superadmin's creation).
    pub actor: Option<UserId>,
    /// By which key, if a program did it.
    pub key: Option<ApiKeyId>,
    /// What happened.
    pub event: DomainEvent,
}

impl NewEvent {
    /// An event of this moment.
    #[must_use]
    pub const fn new(at: Timestamp, actor: Option<UserId>, event: DomainEvent) -> Self {
        Self {
            at,
            actor,
            key: None,
            event,
        }
    }

    /// The same event, done by a key.
    #[must_use]
    pub fn by_key(self, key: Option<ApiKeyId>) -> Self {
        Self { key, ..self }
    }
}

/// Each event once: its name, the word for it, its fields, and what the log keeps of it.
macro_rules! events {
    (|$ids:ident| $(
        $(#[$doc:meta])*
        $name:ident = $word:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ }
            => $facts:expr;
    )+) => {
        string_enum! {
            /// What was done.
            EventAction { $($(#[$doc])* $name = $word,)+ }
        }

        /// Something that happened, with every id that decides who may see it.
        ///
        /// It never holds a secret or the text of a message.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum DomainEvent {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type,)+ },)+
        }

        impl DomainEvent {
            pub(super) const fn action(&self) -> EventAction {
                match self {
                    $(Self::$name { .. } => EventAction::$name,)+
                }
            }

            pub(super) fn facts(&self, $ids: CommitIds) -> EventFacts {
                match self {
                    $(Self::$name { $($field,)+ } => $facts,)+
                }
            }
        }
    };
}

events! { |ids|
    /// A person was created.
    UserCreated = "user.created" {
        /// Who.
        user: RowId<UserId>,
        /// Their username.
        username: Username,
        /// What they are.
        role: Role,
    } => EventFacts::user(ids.row(*user, UserId::new))
        .fact("username", username)
        .fact("role", role);
    /// A person's fields were changed.
    UserChanged = "user.changed" {
        /// Who.
        user: UserId,
        /// What was changed.
        changes: UserChanges,
    } => EventFacts::user(*user)
        .changed("display_name", changes.display_name)
        .changed("email", changes.email)
        .changed("username", changes.username)
        .changed("external_id", changes.external_id)
        .changed("language", changes.language)
        .changed("time_zone", changes.time_zone)
        .maybe("role", changes.role)
        .maybe("is_active", changes.is_active);
    /// A person's password was changed, by themselves or by who manages them.
    PasswordChanged = "user.password_changed" {
        /// Who.
        user: UserId,
    } => EventFacts::user(*user);
    /// A person got a link by which they give themselves a password.
    UserInvited = "user.invited" {
        /// Who.
        user: RowId<UserId>,
    } => EventFacts::user(ids.row(*user, UserId::new));
    /// A person's failed sign-ins were cleared by the command line.
    UserUnlocked = "user.unlocked" {
        /// Who.
        user: UserId,
    } => EventFacts::user(*user);
    /// A person signed in.
    SessionStarted = "session.started" {
        /// Who.
        user: UserId,
    } => EventFacts::user(*user);
    /// Sessions of a person were ended.
    SessionEnded = "session.ended" {
        /// Who.
        user: UserId,
    } => EventFacts::user(*user);
    /// A key was made.
    ApiKeyCreated = "api_key.created" {
        /// Which one.
        key: RowId<ApiKeyId>,
        /// Whose it is.
        user: UserId,
        /// What it is good for.
        access: Access,
        /// Whether it may act for others.
        act_as: bool,
    } => EventFacts::api_key(ids.row(*key, ApiKeyId::new))
        .fact("user", user)
        .fact("access", access)
        .fact("act_as", act_as);
    /// A key was ended.
    ApiKeyEnded = "api_key.ended" {
        /// Which one.
        key: ApiKeyId,
        /// Whose it was.
        user: UserId,
    } => EventFacts::api_key(*key).fact("user", user);
    /// A subject was registered.
    SubjectRegistered = "subject.registered" {
        /// Which one.
        subject: SubjectRef,
        /// Whose it is now.
        parties: Parties,
    } => EventFacts::subject(subject).parties(parties);
    /// A registered subject was changed.
    SubjectChanged = "subject.changed" {
        /// Which one.
        subject: SubjectRef,
        /// Whose it is now.
        parties: Parties,
    } => EventFacts::subject(subject).parties(parties);
    /// A registered subject was removed.
    SubjectRemoved = "subject.removed" {
        /// Which one.
        subject: SubjectRef,
    } => EventFacts::subject(subject);
    /// A bundle was created.
    BundleCreated = "bundle.created" {
        /// Which bundle.
        bundle: RowId<BundleId>,
        /// Whose it is now.
        parties: Parties,
    } => EventFacts::bundle(ids.row(*bundle, BundleId::new)).parties(parties);
    /// Some of a bundle's fields were changed.
    BundleChanged = "bundle.changed" {
        /// Which bundle.
        bundle: BundleId,
        /// The names of the fields.
        fields: Vec<&'static str>,
        /// Its status before and after, if it is among them.
        status: Option<(BundleStatus, BundleStatus)>,
    } => EventFacts::bundle(*bundle)
        .values(status.map(|(from, _)| from), status.map(|(_, to)| to))
        .fact("fields", fields.join(","));
    /// A bundle got another writer, or none.
    WriterAssigned = "bundle.writer_assigned" {
        /// Which bundle.
        bundle: BundleId,
        /// Before.
        from: Option<UserId>,
        /// After.
        to: Option<UserId>,
    } => EventFacts::bundle(*bundle).values(*from, *to);
    /// A thread was opened.
    ThreadCreated = "thread.created" {
        /// Which thread.
        thread: EventThread,
        /// To whom it was opened.
        recipient: UserId,
    } => EventFacts::thread(thread, ids)
        .fact("subject", by_kind(&thread.subject))
        .fact("recipient", recipient);
    /// A thread's subject line was changed.
    ThreadChanged = "thread.changed" {
        /// Which thread.
        thread: EventThread,
        /// Before.
        from: SubjectLine,
        /// After.
        to: SubjectLine,
    } => EventFacts::thread(thread, ids).values(Some(from), Some(to));
    /// A thread was closed.
    ThreadClosed = "thread.closed" {
        /// Which thread.
        thread: EventThread,
    } => EventFacts::thread(thread, ids);
    /// A thread was opened again.
    ThreadReopened = "thread.reopened" {
        /// Which thread.
        thread: EventThread,
    } => EventFacts::thread(thread, ids);
    /// A person joined a thread.
    ParticipantAdded = "thread.participant_added" {
        /// Which thread.
        thread: EventThread,
        /// Who.
        user: UserId,
    } => EventFacts::thread(thread, ids).fact("user", user);
    /// A person was taken off a thread.
    ParticipantRemoved = "thread.participant_removed" {
        /// Which thread.
        thread: EventThread,
        /// Who.
        user: UserId,
    } => EventFacts::thread(thread, ids).fact("user", user);
    /// A message was sent.
    MessageSent = "message.sent" {
        /// Which message.
        message: RowId<MessageId>,
        /// Which thread.
        thread: EventThread,
    } => EventFacts::message(*message, thread, ids);
    /// A message was edited.
    MessageEdited = "message.edited" {
        /// Which message.
        message: MessageId,
        /// Which thread.
        thread: EventThread,
        /// Who had sent it.
        sender: UserId,
    } => EventFacts::message((*message).into(), thread, ids).fact("sender", sender);
    /// A message was deleted.
    MessageDeleted = "message.deleted" {
        /// Which message.
        message: MessageId,
        /// Which thread.
        thread: EventThread,
        /// Who had sent it.
        sender: UserId,
    } => EventFacts::message((*message).into(), thread, ids).fact("sender", sender);
    /// A ticket was created.
    TicketCreated = "ticket.created" {
        /// Which ticket.
        ticket: EventTicket,
    } => EventFacts::ticket(ticket, ids)
        .values(None, Some(TicketStatus::Open))
        .fact("requester", ticket.requester)
        .maybe("subject", ticket.subject.as_ref().map(by_kind));
    /// A ticket's status was changed.
    TicketStatusChanged = "ticket.status_changed" {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketStatus,
        /// After.
        to: TicketStatus,
    } => EventFacts::ticket(ticket, ids).values(Some(from), Some(to));
    /// A ticket's priority was changed.
    TicketPriorityChanged = "ticket.priority_changed" {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketPriority,
        /// After.
        to: TicketPriority,
    } => EventFacts::ticket(ticket, ids).values(Some(from), Some(to));
    /// A ticket's category was changed.
    TicketCategoryChanged = "ticket.category_changed" {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketCategory,
        /// After.
        to: TicketCategory,
    } => EventFacts::ticket(ticket, ids).values(Some(from), Some(to));
    /// A ticket's assignee was changed.
    TicketAssigned = "ticket.assigned" {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: Option<UserId>,
        /// After.
        to: Option<UserId>,
    } => EventFacts::ticket(ticket, ids).values(*from, *to);
    /// A ticket's title was changed.
    TicketTitleChanged = "ticket.title_changed" {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: Title,
        /// After.
        to: Title,
    } => EventFacts::ticket(ticket, ids).values(Some(from), Some(to));
    /// A message was added to a ticket.
    TicketMessageAdded = "ticket.message_added" {
        /// Which ticket.
        ticket: EventTicket,
        /// Whether it is for staff alone.
        is_internal: bool,
    } => EventFacts::ticket(ticket, ids).internal(*is_internal);
    /// A file was attached to a ticket.
    TicketAttachmentAdded = "ticket.attachment_added" {
        /// Which ticket.
        ticket: EventTicket,
        /// What the file is called.
        file_name: FileName,
        /// Whether it is for staff alone.
        is_internal: bool,
    } => EventFacts::ticket(ticket, ids)
        .internal(*is_internal)
        .values(None, Some(file_name));
    /// A message of a ticket was deleted.
    TicketMessageDeleted = "ticket.message_deleted" {
        /// Which ticket.
        ticket: EventTicket,
        /// Which message.
        message: TicketMessageId,
        /// Who had sent it.
        sender: UserId,
        /// Whether it was for staff alone.
        is_internal: bool,
    } => EventFacts::ticket(ticket, ids)
        .internal(*is_internal)
        .fact("message", message)
        .fact("sender", sender);
    /// A file of a ticket was deleted.
    TicketAttachmentDeleted = "ticket.attachment_deleted" {
        /// Which ticket.
        ticket: EventTicket,
        /// What the file was called.
        file_name: FileName,
        /// Whether it was for staff alone.
        is_internal: bool,
    } => EventFacts::ticket(ticket, ids)
        .internal(*is_internal)
        .values(Some(file_name), None);
    /// A file was put on a bundle.
    FileUploaded = "file.uploaded" {
        /// Which file.
        file: RowId<FileId>,
        /// Which bundle.
        bundle: BundleId,
        /// What the file is called.
        file_name: FileName,
    } => EventFacts::file(ids.row(*file, FileId::new), *bundle).fact("file_name", file_name);
    /// A bundle file's description or visibility was changed.
    FileChanged = "file.changed" {
        /// Which file.
        file: FileId,
        /// Which bundle.
        bundle: BundleId,
        /// Whether the description was.
        description: bool,
        /// The new visibility, if it was.
        visibility: Option<Visibility>,
    } => EventFacts::file(*file, *bundle)
        .changed("description", *description)
        .maybe("is_visible_to_client", visibility.map(|now| now.to_client))
        .maybe("is_visible_to_writer", visibility.map(|now| now.to_writer));
    /// A bundle file was deleted.
    FileDeleted = "file.deleted" {
        /// Which file.
        file: FileId,
        /// Which bundle.
        bundle: BundleId,
        /// What the file is called.
        file_name: FileName,
        /// Which parties saw it until then: afterwards nothing else tells.
        visibility: Visibility,
    } => EventFacts::file(*file, *bundle)
        .seen_by(*visibility)
        .fact("file_name", file_name);
    /// A webhook was created.
    WebhookCreated = "webhook.created" {
        /// Which one.
        webhook: RowId<WebhookId>,
        /// Scheme, host and port of its address. The rest may be secret.
        origin: String,
    } => EventFacts::webhook(ids.row(*webhook, WebhookId::new)).fact("origin", origin);
    /// A webhook was changed.
    WebhookChanged = "webhook.changed" {
        /// Which one.
        webhook: WebhookId,
        /// The names of the fields.
        fields: Vec<&'static str>,
        /// Scheme, host and port of its address. The rest may be secret.
        origin: String,
    } => EventFacts::webhook(*webhook)
        .fact("fields", fields.join(","))
        .fact("origin", origin);
    /// A webhook got another secret.
    WebhookSecretRotated = "webhook.secret_rotated" {
        /// Which one.
        webhook: WebhookId,
    } => EventFacts::webhook(*webhook);
    /// A webhook was switched off, by an administrator or because its receiver fails.
    WebhookDisabled = "webhook.disabled" {
        /// Which one.
        webhook: WebhookId,
        /// Why.
        reason: DisabledReason,
    } => EventFacts::webhook(*webhook).fact("reason", reason);
    /// A webhook was switched on.
    WebhookEnabled = "webhook.enabled" {
        /// Which one.
        webhook: WebhookId,
    } => EventFacts::webhook(*webhook);
    /// A webhook was removed.
    WebhookRemoved = "webhook.removed" {
        /// Which one.
        webhook: WebhookId,
    } => EventFacts::webhook(*webhook);
}
