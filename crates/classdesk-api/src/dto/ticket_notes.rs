//! Messages and files of tickets.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{TicketId, TicketMessageId};
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::{NewTicketMessage, TicketAttachment, TicketMessage};
use classdesk_http::PublicUrl;

use crate::input::{File, input};
use crate::output::view;

use super::files::AttachmentView;
use super::people::UserRefView;

view! {
    /// A message on a ticket.
    TicketMessageView from (message: TicketMessage) {
        /// Its id.
        id: TicketMessageId,
        /// The id of its ticket.
        ticket: TicketId,
        /// Who wrote it.
        sender: UserRefView = message.sender.into(),
        /// What it says; empty when it was deleted.
        message: MessageText = message.text,
        /// Whether it is for staff alone.
        is_internal: bool,
        /// Whether it was deleted. It keeps its place.
        is_deleted: bool,
        /// When.
        created_at: Timestamp,
    },
    example {
        "id": 4, "ticket": 12,
        "sender": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "message": "We look into it.", "is_internal": false, "is_deleted": false,
        "created_at": "2026-03-01T10:00:00.000000Z",
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

view! {
    /// A file of a ticket.
    TicketAttachmentView of (file: TicketAttachment, public_url: &PublicUrl) {
        ..attachment: AttachmentView = AttachmentView::of(
            file.id.get(),
            file.file,
            public_url.join(&format!(
                "/api/v1/tickets/{}/attachments/{}/download/",
                file.ticket, file.id
            )),
        ),
        /// Whether it is for staff alone.
        is_internal: bool,
    },
    example {
        "id": 3, "file_name": "screenshot.png", "file_size": 48213, "content_type": "image/png",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "uploaded_by":
            {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
        "uploaded_at": "2026-03-01T10:00:00.000000Z",
        "file_url": "https://desk.example.com/api/v1/tickets/12/attachments/3/download/",
        "is_internal": false,
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
        let () = file;
        is_internal
    },
    example {"file": "(bytes)", "is_internal": false}
}
