//! Messages in threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{Message, MessageFilter, MessageKind, NewMessage, ReadReceipt};
use classdesk_domain::validation::FieldError;
use classdesk_http::PublicUrl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{EmptyableText, File, Input, Raw, ValueSchema, input, text_like};
use crate::render::{display, display_option};

use super::files::AttachmentView;
use super::people::UserRefView;
use super::string_enum::{MessageKindName, RoleName};

/// A message in a thread, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 31, "thread": 5,
    "sender": {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
    "sender_role": "writer", "recipient": null, "message": "When do we begin?",
    "message_type": "text", "reply_to": null, "attachment": null, "read_by": [],
    "is_read": false, "sent_at": "2026-03-01T10:00:00.000000Z", "edited_at": null,
    "is_deleted": false,
}))]
pub struct MessageView {
    /// Its id.
    pub id: i64,
    /// The id of its thread.
    pub thread: i64,
    /// Who sent it.
    pub sender: UserRefView,
    /// The sender's role when it was sent.
    pub sender_role: RoleName,
    /// To whom, if to one in particular.
    #[schema(required = true)]
    pub recipient: Option<UserRefView>,
    /// What it says; empty when it was deleted.
    pub message: String,
    /// What it is.
    pub message_type: MessageKindName,
    /// The id of the message that it answers.
    #[schema(required = true)]
    pub reply_to: Option<i64>,
    /// Its file; null when it was deleted.
    #[schema(required = true)]
    pub attachment: Option<AttachmentView>,
    /// Who of the others has read it: for its sender and for staff, else empty.
    pub read_by: Vec<ReadReceiptView>,
    /// For its sender: whether anybody else has read it. For everybody else: whether they have.
    pub is_read: bool,
    /// When it was sent.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub sent_at: Timestamp,
    /// When it was last edited.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

impl MessageView {
    /// A message, with the URL of its file below the public one.
    #[must_use]
    pub fn of(message: Message, public_url: &PublicUrl) -> Self {
        let id = message.id;
        Self {
            id: id.get(),
            thread: message.thread.get(),
            sender: message.sender.into(),
            sender_role: message.sender_role.into(),
            recipient: message.recipient.map(Into::into),
            message: message.text.into_string(),
            message_type: message.kind.into(),
            reply_to: message.reply_to.map(MessageId::get),
            attachment: message.attachment.map(|attachment| {
                let path = format!("/api/v1/communications/messages/{id}/attachment/");
                let url = public_url.join(&path);
                AttachmentView::of(attachment.id.get(), attachment.file, url)
            }),
            read_by: message.read_by.into_iter().map(Into::into).collect(),
            is_read: message.is_read,
            sent_at: message.sent_at,
            edited_at: message.edited_at,
            is_deleted: message.is_deleted,
        }
    }
}

/// That somebody has read a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "user": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
    "read_at": "2026-03-01T10:05:00.000000Z",
}))]
pub struct ReadReceiptView {
    /// Who.
    pub user: UserRefView,
    /// When they marked it read.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub read_at: Timestamp,
}

impl From<ReadReceipt> for ReadReceiptView {
    fn from(receipt: ReadReceipt) -> Self {
        Self {
            user: receipt.user.into(),
            read_at: receipt.read_at,
        }
    }
}

/// The text of a message without a file. An empty one is refused by the service, together with
/// what only the thread can tell.
pub(crate) struct SentText(MessageText);

impl Input for SentText {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        EmptyableText::read(raw).map(|text| Self(text.0))
    }

    fn schema() -> ValueSchema {
        MessageText::schema()
    }
}

/// What a message may be without a file.
pub(crate) struct TextKind(MessageKind);

/// What a message may be with a file.
pub(crate) struct SendableKind(MessageKind);

macro_rules! message_kinds {
    ($($name:ident($pattern:literal);)+) => {$(
        impl Input for $name {
            fn read(raw: &Raw) -> Result<Self, FieldError> {
                MessageKind::parse_sendable(raw.text()?).map(Self)
            }

            fn schema() -> ValueSchema {
                text_like($pattern)
            }
        }
    )+};
}
message_kinds! {
    TextKind("^text$");
    SendableKind("^(text|file)$");
}

input! {
    /// A message to be sent.
    body MessageBody -> NewMessage {
        /// What it says.
        message: SentText,
        /// To whom: another participant.
        recipient_id: Option<UserId>,
        /// What it is; a message without a file is a text.
        message_type: TextKind = "text",
        /// The id of a message of the thread that it answers.
        reply_to: Option<MessageId>,
    } => NewMessage { recipient_id, text: message.0, kind: message_type.0, reply_to },
    example {"message": "Tomorrow at ten.", "reply_to": 31}
}

input! {
    /// A message to be sent with a file.
    body MessageForm -> NewMessage {
        /// The file.
        attachment: Option<File>,
        /// What it says; it may be empty beside a file.
        message: Option<EmptyableText>,
        /// To whom: another participant.
        recipient_id: Option<UserId>,
        /// What it is: `text` or `file`.
        message_type: SendableKind = "text",
        /// The id of a message of the thread that it answers.
        reply_to: Option<MessageId>,
    } => {
        let _ = attachment;
        let text = message.map_or_else(MessageText::empty, |text| text.0);
        NewMessage { recipient_id, text, kind: message_type.0, reply_to }
    },
    example {"attachment": "(bytes)", "message": "Here it is."}
}

input! {
    /// A new text for a message.
    body MessageEditBody -> MessageText {
        /// What it shall say; it may be empty beside a file.
        message: EmptyableText,
    } => message.0,
    example {"message": "Tomorrow at eleven."}
}

input! {
    /// Which messages of a thread are listed.
    query MessageParams -> MessageFilter {
        /// Only messages after the one with this id.
        after: Option<MessageId>,
        /// Only messages before the one with this id.
        before: Option<MessageId>,
    } => MessageFilter { after, before }
}
