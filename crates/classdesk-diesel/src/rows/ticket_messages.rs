//! Messages of tickets.

use classdesk_domain::ids::{TicketId, TicketMessageId};
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::TicketMessage;
use diesel::prelude::*;

use super::Backend;
use super::schema::{ticket_messages, users};
use super::users::PersonRow;
use super::values::At;
use crate::error::Failure;

/// A message with its sender.
#[derive(Debug, HasQuery)]
#[diesel(table_name = ticket_messages, check_for_backend(Backend))]
#[diesel(base_query = ticket_messages::table
    .inner_join(users::table.on(users::id.eq(ticket_messages::sender_id))))]
pub(crate) struct TicketMessageRow {
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) body: String,
    pub(crate) is_internal: bool,
    pub(crate) created_at: At,
    pub(crate) deleted_at: Option<At>,
    #[diesel(embed)]
    pub(crate) sender: PersonRow,
}

impl TicketMessageRow {
    pub(crate) fn into_domain(self) -> Result<TicketMessage, Failure> {
        Ok(TicketMessage {
            id: TicketMessageId::new(self.id),
            ticket: TicketId::new(self.ticket_id),
            sender: self.sender.into_domain()?,
            text: MessageText::from_stored(self.body),
            is_internal: self.is_internal,
            is_deleted: self.deleted_at.is_some(),
            created_at: self.created_at.into(),
        })
    }
}
