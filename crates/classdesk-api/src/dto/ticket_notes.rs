//! Messages and files of tickets.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::{NewTicketMessage, TicketAttachment, TicketMessage};
use classdesk_http::PublicUrl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{File, input};
use crate::render::display;

use super::files::AttachmentView;
use super::people::UserRefView;

/// A message on a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 4, "ticket": 12,
    "sender": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
    "message": "We look into it.", "is_internal": false,
    "created_at": "2026-03-01T10:00:00.000000Z",
}))]
pub struct TicketMessageView {
    /// Its id.
    pub id: i64,
    /// The id of its ticket.
    pub ticket: i64,
    /// Who wrote it.
    pub sender: UserRefView,
    /// What it says.
    pub message: String,
    /// Whether it is for staff alone.
    pub is_internal: bool,
    /// When.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<TicketMessage> for TicketMessageView {
    fn from(message: TicketMessage) -> Self {
        Self {
            id: message.id.get(),
            ticket: message.ticket.get(),
            sender: message.sender.into(),
            message: message.text.into_string(),
            is_internal: message.is_internal,
            created_at: message.created_at,
        }
    }
}

input! {
    /// A message to be added to a ticket.
    body TicketMessageBody -> NewTicketMessage {
        /// What it says.
        message: MessageText,
        /// Whether it is for staff alone; for staff to say.
        is_internal: bool = false,
    } => NewTicketMessage { text: message, is_internal },
    example {"message": "We look into it."}
}

/// A file of a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "file_name": "screenshot.png", "file_size": 48213, "content_type": "image/png",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uploaded_by":
        {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
    "uploaded_at": "2026-03-01T10:00:00.000000Z",
    "file_url": "https://desk.example.com/api/v1/tickets/12/attachments/3/download/",
    "is_internal": false,
}))]
pub struct TicketAttachmentView {
    /// What all files have.
    #[serde(flatten)]
    pub attachment: AttachmentView,
    /// Whether it is for staff alone.
    pub is_internal: bool,
}

impl TicketAttachmentView {
    /// A file, with its URL below the public one.
    pub(crate) fn of(file: TicketAttachment, public_url: &PublicUrl) -> Self {
        let path = format!(
            "/api/v1/tickets/{}/attachments/{}/download/",
            file.ticket, file.id
        );
        Self {
            attachment: AttachmentView::of(file.id.get(), file.file, public_url.join(&path)),
            is_internal: file.is_internal,
        }
    }
}

input! {
    /// A file to be attached to a ticket.
    body TicketAttachmentForm -> bool {
        /// The file.
        file: File,
        /// Whether it is for staff alone; for staff to say.
        is_internal: bool = false,
    } => {
        let File = file;
        is_internal
    },
    example {"file": "(bytes)", "is_internal": false}
}
