//! Threads and their messages.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::threads::{self, Message, ReadReceipt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::render::{display, display_option};
use crate::settings::PublicUrl;

use super::attachments::AttachmentView;
use super::people::UserRefView;

/// A conversation on a subject.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Thread)]
pub(crate) struct ThreadView {
    id: i64,
    /// The same as `content_type`.
    thread_type: String,
    /// The kind of the subject, for example `class_bundle`.
    content_type: String,
    /// Which one of that kind.
    object_id: i64,
    /// The `object_id` when the `content_type` is `order`, else null.
    order: Option<i64>,
    /// The subject line.
    subject: String,
    /// Whether it takes messages.
    is_active: bool,
    /// Whether only those who were named are in it.
    is_private: bool,
    created_by: UserRefView,
    participants: Vec<UserRefView>,
    message_count: i64,
    /// Messages of others beyond the asker's read mark.
    unread_count: i64,
    last_message: Option<MessageView>,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The latest activity.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ThreadView {
    /// The thread as its viewer gets it.
    pub(crate) fn new(view: threads::ThreadView, url: &PublicUrl) -> Self {
        let thread = view.thread;
        let content_type = thread.about.content_type.to_string();
        let object_id = thread.about.object_id;
        Self {
            id: thread.id.get(),
            order: (content_type == "order").then_some(object_id),
            thread_type: content_type.clone(),
            content_type,
            object_id,
            subject: thread.subject.into_string(),
            is_active: thread.is_active,
            is_private: thread.is_private,
            created_by: view.created_by.into(),
            participants: view.participants.into_iter().map(Into::into).collect(),
            message_count: view.message_count,
            unread_count: view.unread_count,
            last_message: view
                .last_message
                .map(|message| MessageView::new(message, url)),
            created_at: thread.created_at,
            updated_at: thread.updated_at,
        }
    }
}

/// A message in a thread.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    id: i64,
    /// The id of its thread.
    thread: i64,
    sender: UserRefView,
    /// The sender's role when it was sent.
    sender_role: &'static str,
    /// To whom, if to one in particular.
    recipient: Option<UserRefView>,
    /// What it says; empty when it was deleted.
    message: String,
    /// `text`, `file` or `system`.
    message_type: &'static str,
    /// The id of the message that it answers.
    reply_to: Option<i64>,
    attachment: Option<AttachmentView>,
    /// Who has read it: for its sender and for staff, else empty.
    read_by: Vec<ReadReceiptView>,
    /// For its sender: whether anybody else has read it. For everybody else: whether they have.
    is_read: bool,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Timestamp>,
    is_deleted: bool,
}

impl MessageView {
    /// The message as its viewer gets it.
    pub(crate) fn new(mut message: Message, url: &PublicUrl) -> Self {
        Self {
            attachment: AttachmentView::of_message(&mut message, url),
            id: message.id.get(),
            thread: message.thread.get(),
            sender: message.sender.into(),
            sender_role: message.sender_role.as_str(),
            recipient: message.recipient.map(Into::into),
            message: message.text.into_string(),
            message_type: message.kind.as_str(),
            reply_to: message.reply_to.map(|id| id.get()),
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
#[schema(as = ReadReceipt)]
pub(crate) struct ReadReceiptView {
    user: UserRefView,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    read_at: Timestamp,
}

impl From<ReadReceipt> for ReadReceiptView {
    fn from(receipt: ReadReceipt) -> Self {
        Self {
            user: receipt.user.into(),
            read_at: receipt.read_at,
        }
    }
}
