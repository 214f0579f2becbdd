//! Tickets, their messages and their history.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::HistoryLine;
use classdesk_domain::tickets::{Ticket, TicketMessage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::render::{display, display_option};

use super::people::UserRefView;

/// A support ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketView {
    id: i64,
    title: String,
    /// What it says; its last line names the subject, if it has one.
    description: String,
    /// `low`, `medium`, `high` or `critical`.
    priority: &'static str,
    /// `general`, `payment`, `technical`, `feedback`, `order` or `other`.
    category: &'static str,
    /// `open`, `in_progress`, `awaiting_response`, `escalated` or `closed`.
    status: &'static str,
    /// Whether it was ever escalated.
    is_escalated: bool,
    /// The kind of its subject, if it has one.
    content_type: Option<String>,
    /// Which one of that kind.
    object_id: Option<i64>,
    created_by: UserRefView,
    /// Whom it is for.
    requester: UserRefView,
    /// Who of the staff has it.
    assigned_to: Option<UserRefView>,
    /// How many messages the asker may see.
    messages_count: i64,
    /// How many files the asker may see.
    attachments_count: i64,
    /// When it was closed.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts its changes; `If-Match` holds a change to it.
    pub(crate) version: i64,
}

impl From<Ticket> for TicketView {
    fn from(ticket: Ticket) -> Self {
        let (content_type, object_id) = ticket
            .about
            .map(|about| (about.content_type.to_string(), about.object_id))
            .unzip();
        Self {
            id: ticket.id.get(),
            title: ticket.title.into_string(),
            description: ticket.description.into_string(),
            priority: ticket.priority.as_str(),
            category: ticket.category.as_str(),
            status: ticket.status.as_str(),
            is_escalated: ticket.is_escalated,
            content_type,
            object_id,
            created_by: ticket.created_by.into(),
            requester: ticket.requester.into(),
            assigned_to: ticket.assigned_to.map(Into::into),
            messages_count: ticket.messages_count,
            attachments_count: ticket.attachments_count,
            resolved_at: ticket.resolved_at,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            version: ticket.version,
        }
    }
}

/// A message on a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TicketMessage)]
pub(crate) struct TicketMessageView {
    id: i64,
    /// The id of its ticket.
    ticket: i64,
    sender: UserRefView,
    message: String,
    /// Whether it is for staff alone.
    is_internal: bool,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
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

/// A line of a ticket's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryLine)]
pub(crate) struct HistoryLineView {
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who; null is the program itself.
    actor: Option<UserRefView>,
    /// What was done, for example `ticket.status_changed`.
    action: &'static str,
    /// The value before, for changes of one value.
    from: Option<String>,
    /// The value after.
    to: Option<String>,
}

impl From<HistoryLine> for HistoryLineView {
    fn from(line: HistoryLine) -> Self {
        Self {
            at: line.at,
            actor: line.actor.map(Into::into),
            action: line.action.as_str(),
            from: line.from,
            to: line.to,
        }
    }
}
