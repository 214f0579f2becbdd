//! The words for what was done.

use crate::string_enum::string_enum;

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
