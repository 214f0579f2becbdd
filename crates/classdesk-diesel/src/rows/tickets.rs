//! Tickets.

use diesel::prelude::*;

use super::schema::tickets;
use super::values::At;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tickets)]
pub(crate) struct TicketRow {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) priority: String,
    pub(crate) category: String,
    pub(crate) status: String,
    pub(crate) is_escalated: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) object_id: Option<i64>,
    pub(crate) created_by: i64,
    pub(crate) requester_id: i64,
    pub(crate) assigned_to: Option<i64>,
    pub(crate) resolved_at: Option<At>,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) version: i64,
    pub(crate) public_messages: i64,
    pub(crate) internal_messages: i64,
    pub(crate) public_attachments: i64,
    pub(crate) internal_attachments: i64,
}

/// A ticket with the client and the writer of its subject.
pub(crate) type FullTicket = (TicketRow, Option<i64>, Option<i64>);

#[derive(Insertable)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
pub(crate) struct TicketInsert<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    pub(crate) priority: &'a str,
    pub(crate) category: &'a str,
    pub(crate) status: &'a str,
    pub(crate) is_escalated: bool,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) object_id: Option<i64>,
    pub(crate) created_by: i64,
    pub(crate) requester_id: i64,
    pub(crate) assigned_to: Option<i64>,
    pub(crate) resolved_at: Option<At>,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) version: i64,
}
