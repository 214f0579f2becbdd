//! Tickets.

use diesel::prelude::*;

use super::Backend;
use super::schema::{subjects, tickets};
use super::subjects::PartiesRow;
use super::values::At;

/// A ticket with the parties of its subject.
#[derive(Debug, HasQuery)]
#[diesel(table_name = tickets, check_for_backend(Backend))]
#[diesel(base_query = tickets::table.left_join(
    subjects::table.on(subjects::content_type
        .nullable()
        .eq(tickets::content_type)
        .and(subjects::object_id.nullable().eq(tickets::object_id)))))]
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
    #[diesel(embed)]
    pub(crate) parties: Option<PartiesRow>,
}
