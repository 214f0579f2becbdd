//! What a thread and a message are (docs/contract.md#threads).

use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use crate::paging::{Limit, PageRequest, Seek};
use crate::people::model::{Role, UserRef};
use crate::string_enum::string_enum;
use crate::subjects::model::{SubjectKind, SubjectRef};
use crate::text::{MessageText, SubjectLine};
use crate::validation::FieldError;

/// How long a sender may edit or delete their own message (docs/contract.md#9-details). At
/// exactly this age the message can still be changed.
pub const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);

string_enum! {
    /// What a message is.
    MessageKind {
        /// Text.
        Text = "text",
        /// A file.
        File = "file",
        /// Written by the program; it is never sent by a person.
        System = "system",
    }
}

impl MessageKind {
    /// Reads the kind of a message to be sent.
    ///
    /// # Errors
    /// A [`FieldError`] for anything but `text` and `file`.
    pub fn parse_sendable(word: &str) -> Result<Self, FieldError> {
        match word {
            "text" => Ok(Self::Text),
            "file" => Ok(Self::File),
            _ => Err(FieldError::NotAChoice {
                allowed: "text, file".to_owned(),
            }),
        }
    }
}

/// A conversation on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// What it is about.
    pub about: SubjectRef,
    /// Its subject line.
    pub subject: SubjectLine,
    /// Whether it is open to new messages.
    pub is_active: bool,
    /// Whether it is private: only the creator and the recipient are in it.
    pub is_private: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its latest activity: a message or a change.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1. Messages are none.
    pub version: i64,
}

/// A thread as one viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadView {
    /// The thread.
    pub thread: Thread,
    /// The creator.
    pub created_by: UserRef,
    /// The participants who take part now, by ascending id.
    pub participants: Vec<UserRef>,
    /// How many messages it has, deleted ones included.
    pub message_count: i64,
    /// How many messages of others lie beyond the viewer's read mark, without deleted ones.
    pub unread_count: i64,
    /// The latest message.
    pub last_message: Option<Message>,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttachment {
    /// Its id.
    pub id: MessageAttachmentId,
    /// What is known of it.
    pub file: crate::blobs::model::FileInfo,
}

/// That a person has read a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReceipt {
    /// The person.
    pub user: UserRef,
    /// When they marked it read.
    pub read_at: Timestamp,
}

/// A message as one viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The thread it is in.
    pub thread: ThreadId,
    /// The sender.
    pub sender: UserRef,
    /// The sender's role when it was sent.
    pub sender_role: Role,
    /// The recipient, if there is one.
    pub recipient: Option<UserRef>,
    /// What it says; empty when it was deleted.
    pub text: MessageText,
    /// What it is.
    pub kind: MessageKind,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Its file; none when it was deleted.
    pub attachment: Option<MessageAttachment>,
    /// Read receipts of the others: for its sender and for staff, else empty.
    pub read_by: Vec<ReadReceipt>,
    /// For its sender: whether another person has read it. For all others: whether they have.
    pub is_read: bool,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A thread to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewThread {
    /// The recipient.
    pub recipient_id: UserId,
    /// Its subject line; one that names the subject when `None`.
    pub subject: Option<SubjectLine>,
    /// The first message.
    pub initial_message: Option<MessageText>,
    /// Whether only the creator and the recipient are in it.
    pub is_private: bool,
}

impl NewThread {
    /// An open thread with this recipient and no message.
    #[must_use]
    pub const fn with(recipient_id: UserId) -> Self {
        Self {
            recipient_id,
            subject: None,
            initial_message: None,
            is_private: false,
        }
    }
}

/// A change to a thread; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadChange {
    /// A new subject line.
    pub subject: Option<SubjectLine>,
    /// Open or closed.
    pub is_active: Option<bool>,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The recipient, if there is one.
    pub recipient_id: Option<UserId>,
    /// What it says. Empty only beside an attachment.
    pub text: MessageText,
    /// What it is.
    pub kind: MessageKind,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
}

impl NewMessage {
    /// Plain text to everybody in the thread.
    #[must_use]
    pub const fn text(text: MessageText) -> Self {
        Self {
            recipient_id: None,
            text,
            kind: MessageKind::Text,
            reply_to: None,
        }
    }
}

/// From where in a thread its messages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStart {
    /// From a place in the thread, in either direction.
    Seek(Seek),
    /// Around this message.
    Around(MessageId),
    /// Around the viewer's first unread message, or the latest one when there is none.
    AroundUnread,
}

impl Default for MessageStart {
    fn default() -> Self {
        Self::Seek(Seek::START)
    }
}

/// Which page of a thread's messages is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessagePage {
    /// The greatest number of messages.
    pub limit: Limit,
    /// From where they are read.
    pub start: MessageStart,
}

impl MessagePage {
    /// The page that begins at `start`, or a further one. What follows a page around a message lies
    /// after it.
    #[must_use]
    pub fn new(start: MessageStart, page: PageRequest) -> Self {
        let limit = page.limit;
        let start = match (start, page.after) {
            (MessageStart::Seek(seek), cursor) => MessageStart::Seek(seek.continued(cursor)),
            (_, Some(last)) => MessageStart::Seek(Seek::After(last.id)),
            (start, None) => start,
        };
        Self { limit, start }
    }
}

/// A page of the thread from its beginning.
impl From<PageRequest> for MessagePage {
    fn from(page: PageRequest) -> Self {
        Self::new(MessageStart::default(), page)
    }
}

/// Which threads are listed. Every given filter has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadFilter {
    /// About subjects of this kind.
    pub content_type: Option<SubjectKind>,
    /// About a subject with this id.
    pub object_id: Option<i64>,
    /// With unread messages, or without.
    pub unread: Option<bool>,
    /// Only threads that the viewer is a participant of.
    pub mine: bool,
}
