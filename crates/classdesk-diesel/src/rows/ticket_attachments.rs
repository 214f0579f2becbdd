//! Files of tickets.

use classdesk_domain::blobs::StoredBlob;
use classdesk_domain::ids::{TicketAttachmentId, TicketId};
use classdesk_domain::tickets::TicketAttachment;
use diesel::prelude::*;

use super::Backend;
use super::blobs::OwnedBlobRow;
use super::schema::{blobs, ticket_attachments, users};
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

/// An attachment with its bytes' row and its uploader.
#[derive(Debug, HasQuery)]
#[diesel(table_name = ticket_attachments, check_for_backend(Backend))]
#[diesel(base_query = ticket_attachments::table
    .inner_join(blobs::table.on(blobs::id.eq(ticket_attachments::blob_id)))
    .inner_join(users::table.on(users::id.eq(ticket_attachments::uploaded_by))))]
pub(crate) struct TicketAttachmentRow {
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) file_name: String,
    pub(crate) is_internal: bool,
    pub(crate) uploaded_at: At,
    #[diesel(embed)]
    pub(crate) blob: OwnedBlobRow,
    #[diesel(embed)]
    pub(crate) uploader: PersonRow,
}

impl TicketAttachmentRow {
    pub(crate) fn into_domain(self) -> Result<(TicketAttachment, StoredBlob), Failure> {
        let uploader = self.uploader.into_domain()?;
        let (file, blob) = (self.blob).into_file(self.file_name, uploader, self.uploaded_at)?;
        let attachment = TicketAttachment {
            id: TicketAttachmentId::new(self.id),
            ticket: TicketId::new(self.ticket_id),
            file,
            is_internal: self.is_internal,
        };
        Ok((attachment, blob))
    }
}
