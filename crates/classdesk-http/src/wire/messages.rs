//! Messages in threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{Message, MessageKind, NewMessage, ReadReceipt};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, read};
use crate::render::{display, display_option};
use crate::settings::PublicUrl;

use super::files::AttachmentView;
use super::people::UserRefView;
use super::string_enum::{MessageKindWord, RoleWord};

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
    pub sender_role: RoleWord,
    /// To whom, if to one in particular.
    #[schema(required = true)]
    pub recipient: Option<UserRefView>,
    /// What it says; empty when it was deleted.
    pub message: String,
    /// What it is.
    pub message_type: MessageKindWord,
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

/// A message to be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "Tomorrow at ten.", "reply_to": 31}))]
pub struct MessageBody {
    /// What it says.
    #[schema(min_length = 1, max_length = 10000, pattern = r"^[^\x00]*\S[^\x00]*$")]
    pub message: String,
    /// To whom: another participant.
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<i64>,
    /// What it is; a message without a file is a text.
    #[schema(pattern = "^text$", default = "text", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// The id of a message of the thread that it answers.
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
}

impl MessageBody {
    /// Reads such a body. An empty text is refused by the service, which knows whether there is a
    /// file.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewMessage> {
        let text = fields.required("message", read::text(MessageText::parse_maybe_empty));
        read_message(fields, text)
    }
}

/// A message to be sent with a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"attachment": "(bytes)", "message": "Here it is."}))]
pub struct MessageForm {
    /// The file.
    #[schema(value_type = Option<String>, format = Binary, min_length = 1, nullable = false)]
    pub attachment: Option<Vec<u8>>,
    /// What it says; it may be empty beside a file.
    #[schema(max_length = 10000, pattern = r"^[^\x00]*$", nullable = false)]
    pub message: Option<String>,
    /// To whom: another participant.
    #[schema(minimum = 1, nullable = false)]
    pub recipient_id: Option<i64>,
    /// What it is: `text` or `file`.
    #[schema(pattern = "^(text|file)$", default = "text", nullable = false)]
    pub message_type: Option<String>,
    /// The id of a message of the thread that it answers.
    #[schema(minimum = 1, nullable = false)]
    pub reply_to: Option<i64>,
}

impl MessageForm {
    /// Reads such a form.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewMessage> {
        let text = fields.optional("message", read::text(MessageText::parse_maybe_empty));
        read_message(fields, Some(text.unwrap_or_else(MessageText::empty)))
    }
}

fn read_message(fields: &mut Fields, text: Option<MessageText>) -> Option<NewMessage> {
    let recipient_id = fields.optional("recipient_id", read::id::<UserId>);
    let kind = fields.optional("message_type", read::text(MessageKind::parse_sendable));
    let reply_to = fields.optional("reply_to", read::id::<MessageId>);
    Some(NewMessage {
        recipient_id,
        text: text?,
        kind: kind.unwrap_or(MessageKind::Text),
        reply_to,
    })
}

/// A new text for a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "Tomorrow at eleven."}))]
pub struct MessageEditBody {
    /// What it shall say; it may be empty beside a file.
    #[schema(max_length = 10000, pattern = r"^[^\x00]*$")]
    pub message: String,
}

impl MessageEditBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<MessageText> {
        fields.required("message", read::text(MessageText::parse_maybe_empty))
    }
}

/// Which messages of a thread are listed.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessageParams {
    /// Only messages after the one with this id.
    #[param(minimum = 1, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Only messages before the one with this id.
    #[param(minimum = 1, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
}
