//! The things that happen.

use crate::blobs::file_name::FileName;
use crate::bundles::model::BundleStatus;
use crate::clock::Timestamp;
use crate::files::model::Visibility;
use crate::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use crate::people::model::Role;
use crate::people::names::Username;
use crate::subjects::model::{Parties, SubjectRef};
use crate::text::{SubjectLine, Title};
use crate::tickets::model::{TicketCategory, TicketPriority, TicketStatus};

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

/// Which fields of a person were changed. Names and addresses are not repeated in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserChanges {
    /// Whether the name for others was.
    pub display_name: bool,
    /// Whether the email address was.
    pub email: bool,
    /// The new role.
    pub role: Option<Role>,
    /// Whether the person is active from now on.
    pub is_active: Option<bool>,
}

/// Something that happened, with every id that decides who may see it.
///
/// It never holds a secret or the text of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainEvent {
    /// A person was created.
    UserCreated {
        /// Who.
        user: RowId<UserId>,
        /// Their username.
        username: Username,
        /// What they are.
        role: Role,
    },
    /// A person's fields were changed.
    UserChanged {
        /// Who.
        user: UserId,
        /// What was changed.
        changes: UserChanges,
    },
    /// A person's password was changed, by themselves or by who manages them.
    PasswordChanged {
        /// Who.
        user: UserId,
    },
    /// A person signed in.
    SessionStarted {
        /// Who.
        user: UserId,
    },
    /// Sessions of a person were ended.
    SessionEnded {
        /// Who.
        user: UserId,
    },
    /// A subject was registered.
    SubjectRegistered {
        /// Which one.
        subject: SubjectRef,
        /// Whose it is now.
        parties: Parties,
    },
    /// A registered subject was changed.
    SubjectChanged {
        /// Which one.
        subject: SubjectRef,
        /// Whose it is now.
        parties: Parties,
    },
    /// A registered subject was removed.
    SubjectRemoved {
        /// Which one.
        subject: SubjectRef,
    },
    /// A bundle was created.
    BundleCreated {
        /// Which bundle.
        bundle: RowId<BundleId>,
        /// Whose it is now.
        parties: Parties,
    },
    /// Some of a bundle's fields were changed.
    BundleChanged {
        /// Which bundle.
        bundle: BundleId,
        /// The names of the fields.
        fields: Vec<&'static str>,
        /// Its status before and after, if it is among them.
        status: Option<(BundleStatus, BundleStatus)>,
    },
    /// A bundle got another writer, or none.
    WriterAssigned {
        /// Which bundle.
        bundle: BundleId,
        /// Before.
        from: Option<UserId>,
        /// After.
        to: Option<UserId>,
    },
    /// A thread was opened.
    ThreadCreated {
        /// Which thread.
        thread: EventThread,
        /// To whom it was opened.
        recipient: UserId,
    },
    /// A thread's subject line was changed.
    ThreadChanged {
        /// Which thread.
        thread: EventThread,
        /// Before.
        from: SubjectLine,
        /// After.
        to: SubjectLine,
    },
    /// A thread was closed.
    ThreadClosed {
        /// Which thread.
        thread: EventThread,
    },
    /// A thread was opened again.
    ThreadReopened {
        /// Which thread.
        thread: EventThread,
    },
    /// Somebody joined a thread.
    ParticipantAdded {
        /// Which thread.
        thread: EventThread,
        /// Who.
        user: UserId,
    },
    /// Somebody was taken off a thread.
    ParticipantRemoved {
        /// Which thread.
        thread: EventThread,
        /// Who.
        user: UserId,
    },
    /// A message was sent.
    MessageSent {
        /// Which message.
        message: RowId<MessageId>,
        /// Which thread.
        thread: EventThread,
    },
    /// A message was edited.
    MessageEdited {
        /// Which message.
        message: MessageId,
        /// Which thread.
        thread: EventThread,
        /// Who had sent it.
        sender: UserId,
    },
    /// A message was deleted.
    MessageDeleted {
        /// Which message.
        message: MessageId,
        /// Which thread.
        thread: EventThread,
        /// Who had sent it.
        sender: UserId,
    },
    /// A ticket was created.
    TicketCreated {
        /// Which ticket.
        ticket: EventTicket,
    },
    /// A ticket's status was changed.
    TicketStatusChanged {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketStatus,
        /// After.
        to: TicketStatus,
    },
    /// A ticket's priority was changed.
    TicketPriorityChanged {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketPriority,
        /// After.
        to: TicketPriority,
    },
    /// A ticket's category was changed.
    TicketCategoryChanged {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: TicketCategory,
        /// After.
        to: TicketCategory,
    },
    /// A ticket's assignee was changed.
    TicketAssigned {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: Option<UserId>,
        /// After.
        to: Option<UserId>,
    },
    /// A ticket's title was changed.
    TicketTitleChanged {
        /// Which ticket.
        ticket: EventTicket,
        /// Before.
        from: Title,
        /// After.
        to: Title,
    },
    /// A message was added to a ticket.
    TicketMessageAdded {
        /// Which ticket.
        ticket: EventTicket,
        /// Whether it is for staff alone.
        is_internal: bool,
    },
    /// A file was attached to a ticket.
    TicketAttachmentAdded {
        /// Which ticket.
        ticket: EventTicket,
        /// What the file is called.
        file_name: FileName,
        /// Whether it is for staff alone.
        is_internal: bool,
    },
    /// A file was put on a bundle.
    FileUploaded {
        /// Which file.
        file: RowId<FileId>,
        /// Which bundle.
        bundle: BundleId,
        /// What the file is called.
        file_name: FileName,
    },
    /// A bundle file's description or visibility was changed.
    FileChanged {
        /// Which file.
        file: FileId,
        /// Which bundle.
        bundle: BundleId,
        /// Whether the description was.
        description: bool,
        /// The new visibility, if it was.
        visibility: Option<Visibility>,
    },
    /// A bundle file was deleted.
    FileDeleted {
        /// Which file.
        file: FileId,
        /// Which bundle.
        bundle: BundleId,
        /// What the file is called.
        file_name: FileName,
        /// Which parties saw it until then: afterwards nothing else tells.
        visibility: Visibility,
    },
}

/// An event on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself (for example the first superadmin's creation).
    pub actor: Option<UserId>,
    /// What happened.
    pub event: DomainEvent,
}

impl NewEvent {
    /// An event of this moment.
    #[must_use]
    pub const fn new(at: Timestamp, actor: Option<UserId>, event: DomainEvent) -> Self {
        Self { at, actor, event }
    }
}
