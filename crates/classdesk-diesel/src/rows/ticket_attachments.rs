//! Files of tickets.

use classdesk_domain::ids::{TicketAttachmentId, TicketId};
use classdesk_domain::tickets::TicketAttachment;
use diesel::prelude::*;

use super::blobs::{OwnedBlobRow, file_info};
use super::schema::ticket_attachments;
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket_attachments)]
pub(crate) struct TicketAttachmentRow {
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) file_name: String,
    pub(crate) is_internal: bool,
    pub(crate) uploaded_at: At,
}

pub(crate) type FullAttachment = (TicketAttachmentRow, OwnedBlobRow, PersonRow);

pub(crate) fn into_attachment(
    (row, blob, uploader): FullAttachment,
) -> Result<(TicketAttachment, classdesk_domain::blobs::StoredBlob), Failure> {
    let (file, blob) = file_info(
        row.file_name,
        uploader.into_domain()?,
        row.uploaded_at,
        blob,
    )?;
    let attachment = TicketAttachment {
        id: TicketAttachmentId::new(row.id),
        ticket: TicketId::new(row.ticket_id),
        file,
        is_internal: row.is_internal,
    };
    Ok((attachment, blob))
}
