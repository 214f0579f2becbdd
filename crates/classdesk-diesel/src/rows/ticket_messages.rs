//! Messages of tickets.

use classdesk_domain::ids::{TicketId, TicketMessageId};
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::TicketMessage;
use diesel::prelude::*;

use super::schema::ticket_messages;
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket_messages)]
pub(crate) struct TicketMessageRow {
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) body: String,
    pub(crate) is_internal: bool,
    pub(crate) created_at: At,
}

pub(crate) type FullTicketMessage = (TicketMessageRow, PersonRow);

pub(crate) fn into_ticket_message(
    (row, sender): FullTicketMessage,
) -> Result<TicketMessage, Failure> {
    Ok(TicketMessage {
        id: TicketMessageId::new(row.id),
        ticket: TicketId::new(row.ticket_id),
        sender: sender.into_domain()?,
        text: MessageText::from_stored(row.body),
        is_internal: row.is_internal,
        created_at: row.created_at.into(),
    })
}
