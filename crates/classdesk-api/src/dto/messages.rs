//! Messages in threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::people::Role;
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{Message, MessageKind, MessageStart, NewMessage, ReadReceipt};
use classdesk_http::PublicUrl;

use crate::input::{EmptyableText, File, Input, input, inputs, text_like};
use crate::output::view;

use super::files::AttachmentView;
use super::lists::{SeekParams, only_one};
use super::people::UserRefView;

view! {
    /// A message in a thread, as the caller sees it.
    MessageView of (message: Message, public_url: &PublicUrl) {
        /// Its id.
        id: MessageId,
        /// The id of its thread.
        thread: ThreadId,
        /// Who sent it.
        sender: UserRefView = message.sender.into(),
        /// The sender's role when it was sent.
        sender_role: Role,
        /// To whom, if to one in particular.
        recipient: Option<UserRefView> = message.recipient.map(Into::into),
        /// What it says; empty when it was deleted.
        message: MessageText = message.text,
        /// What it is.
        message_type: MessageKind = message.kind,
        /// The id of the message that it answers.
        reply_to: Option<MessageId>,
        /// Its file; null when it was deleted.
        attachment: Option<AttachmentView> = message.attachment.map(|attachment| {
            let path = format!("/api/v1/communications/messages/{}/attachment/", message.id);
            AttachmentView::of(attachment.id.get(), attachment.file, public_url.join(&path))
        }),
        /// Who of the others has read it: for its sender and for staff, else empty.
        read_by: Vec<ReadReceiptView> = message.read_by.into_iter().map(Into::into).collect(),
        /// For its sender: whether another person has read it. For everyone else: whether they have.
        is_read: bool,
        /// When it was sent.
        sent_at: Timestamp,
        /// When it was last edited.
        edited_at: Option<Timestamp>,
        /// Whether it was deleted.
        is_deleted: bool,
        /// Counts its changes; the first part of the `ETag`.
        version: i64,
    },
    example {
        "id": 31, "thread": 5,
        "sender": {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
        "sender_role": "writer", "recipient": null, "message": "When do we begin?",
        "message_type": "text", "reply_to": null, "attachment": null, "read_by": [],
        "is_read": false, "sent_at": "2026-03-01T10:00:00.000000Z", "edited_at": null,
        "is_deleted": false, "version": 1,
    }
}

view! {
    /// That a person has read a message.
    ReadReceiptView from (receipt: ReadReceipt) {
        /// Who.
        user: UserRefView = receipt.user.into(),
        /// When they marked it read.
        read_at: Timestamp,
    },
    example {
        "user": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
        "read_at": "2026-03-01T10:05:00.000000Z",
    }
}

/// The text of a message without a file. An empty one is refused by the service, together with
/// what only the thread can tell.
pub(crate) struct SentText;

/// A message to be in the middle.
pub(crate) struct Around;

/// What a message may be without a file.
pub(crate) struct TextKind;

/// What a message may be with a file.
pub(crate) struct SendableKind;

inputs! {
    SentText => MessageText: |raw| EmptyableText::read(raw),
        <MessageText as Input>::schema(&mut Vec::new());
    TextKind => MessageKind: |raw| MessageKind::parse_sendable(raw.text()?), text_like("^text$");
    SendableKind => MessageKind: |raw| MessageKind::parse_sendable(raw.text()?),
        text_like("^(text|file)$");
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
    } => NewMessage { recipient_id, text: message, kind: message_type, reply_to },
    example {"message": "Tomorrow at ten.", "reply_to": 31}
}

input! {
    /// A message to be sent with a file.
    body MessageForm -> NewMessage {
        /// The file.
        attachment: Option<File>,
        /// What it says; it may be empty beside a file.
        message: EmptyableText = "",
        /// To whom: another participant.
        recipient_id: Option<UserId>,
        /// What it is: `text` or `file`.
        message_type: SendableKind = "text",
        /// The id of a message of the thread that it answers.
        reply_to: Option<MessageId>,
    } => {
        let _ = attachment;
        NewMessage { recipient_id, text: message, kind: message_type, reply_to }
    },
    example {"attachment": "(bytes)", "message": "Here it is."}
}

input! {
    /// A new text for a message.
    body MessageEditBody -> MessageText {
        /// What it shall say; it may be empty beside a file.
        message: EmptyableText,
    } => message,
    example {"message": "Tomorrow at eleven."}
}

inputs! {
    Around => MessageStart: |raw| match raw.text()? {
        "unread" => Ok(MessageStart::AroundUnread),
        _ => MessageId::read(raw).map(MessageStart::Around),
    }, text_like("^(unread|[1-9][0-9]{0,17})$");
}

input! {
    /// From where in a thread a page of its messages is read. At most one of these is given.
    query MessageParams -> MessageStart {
        ..seek: SeekParams,
        /// A page with this message in it: an id, or `unread` for the caller's first unread message
        /// (the latest one where nothing is unread). The next page goes forward.
        around: Option<Around>,
    } => |fields| {
        let given = [("before", seek.map(MessageStart::Seek)), ("around", around)];
        only_one(fields, given).map(Option::unwrap_or_default)
    }
}
