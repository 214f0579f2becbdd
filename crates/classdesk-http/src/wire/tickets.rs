//! Tickets.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::UserId;
use classdesk_domain::text::{Description, Title};
use classdesk_domain::tickets::{
    NewTicket, NewTicketOnSubject, Ticket, TicketCategory, TicketChange, TicketPriority,
    TicketStatus,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, read};
use crate::render::{display, display_option};

use super::people::UserRefView;
use super::string_enum::{
    EventActionWord, TicketCategoryWord, TicketPriorityWord, TicketStatusWord,
};

/// A support ticket, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 12, "title": "The second class is missing",
    "description": "I can't find it.\nClass bundle #42: Spring semester",
    "priority": "medium", "category": "general", "status": "open", "is_escalated": false,
    "content_type": "class_bundle", "object_id": 42,
    "created_by": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
    "requester": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
    "assigned_to": null, "messages_count": 0, "attachments_count": 0, "resolved_at": null,
    "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
    "version": 1,
}))]
pub struct TicketView {
    /// Its id.
    pub id: i64,
    /// What it is called.
    pub title: String,
    /// What it says; its last line names the subject, if it has one.
    pub description: String,
    /// How urgent it is.
    pub priority: TicketPriorityWord,
    /// What it is about.
    pub category: TicketCategoryWord,
    /// Where it stands.
    pub status: TicketStatusWord,
    /// Whether it was ever escalated.
    pub is_escalated: bool,
    /// The kind of its subject, if it has one.
    #[schema(required = true)]
    pub content_type: Option<String>,
    /// Which subject of that kind.
    #[schema(required = true)]
    pub object_id: Option<i64>,
    /// Who created it.
    pub created_by: UserRefView,
    /// Whom it is for.
    pub requester: UserRefView,
    /// Who of the staff has it.
    #[schema(required = true)]
    pub assigned_to: Option<UserRefView>,
    /// How many messages the caller may see.
    pub messages_count: i64,
    /// How many files the caller may see.
    pub attachments_count: i64,
    /// When it was closed; null when it is open again.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub resolved_at: Option<Timestamp>,
    /// When it was created.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed or written to.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts its changes; the first part of the `ETag`.
    pub version: i64,
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
            priority: ticket.priority.into(),
            category: ticket.category.into(),
            status: ticket.status.into(),
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

/// A ticket to be created, on a subject or on nothing in particular.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "The invoice is wrong", "description": "It names two bundles.", "category": "payment",
}))]
pub struct TicketBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00]*\S[^\x00]*$")]
    pub title: String,
    /// What it says.
    #[schema(max_length = 20000, pattern = r"^[^\x00]*$")]
    pub description: String,
    /// How urgent it is; `medium` when it is left out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<TicketPriorityWord>,
    /// What it is about; `general` when it is left out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<TicketCategoryWord>,
    /// The kind of the subject that it is on; needs `object_id`.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,31}$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Which subject of that kind; needs `content_type`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<i64>,
}

impl TicketBody {
    /// Reads what such a body has beside its subject.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewTicket> {
        let title = fields.required("title", read::text(Title::parse));
        let description = fields.required("description", read::text(Description::parse));
        let priority = fields.optional("priority", read::text(TicketPriority::parse));
        let category = fields.optional("category", read::text(TicketCategory::parse));
        let new = NewTicket::new(title?, description?);
        Some(NewTicket {
            priority: priority.unwrap_or(new.priority),
            category: category.unwrap_or(new.category),
            ..new
        })
    }
}

/// A ticket to be created on a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "The second class is missing", "description": "I can't find it.", "priority": "high",
}))]
pub struct BundleTicketBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00]*\S[^\x00]*$")]
    pub title: String,
    /// What it says.
    #[schema(max_length = 20000, pattern = r"^[^\x00]*$")]
    pub description: String,
    /// How urgent it is; `medium` when it is left out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<TicketPriorityWord>,
    /// What it is about; `general` when it is left out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<TicketCategoryWord>,
    /// The bundle's client, for whom staff create it.
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<i64>,
}

impl BundleTicketBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewTicketOnSubject> {
        let ticket = TicketBody::read(fields);
        let on_behalf_of = fields.optional("on_behalf_of", read::id::<UserId>);
        Some(NewTicketOnSubject {
            ticket: ticket?,
            on_behalf_of,
        })
    }
}

/// A change to a ticket. What is left out stays.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "in_progress", "assigned_to": 2}))]
pub struct TicketChangeBody {
    /// Where it shall stand.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatusWord>,
    /// How urgent it is.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<TicketPriorityWord>,
    /// What it is about.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<TicketCategoryWord>,
    /// Who shall have it, active staff; null takes it from whoever has it.
    #[schema(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<i64>,
    /// What it is called.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl TicketChangeBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<TicketChange> {
        Some(TicketChange {
            title: fields.optional("title", read::text(Title::parse)),
            status: fields.optional("status", read::text(TicketStatus::parse)),
            priority: fields.optional("priority", read::text(TicketPriority::parse)),
            category: fields.optional("category", read::text(TicketCategory::parse)),
            assigned_to: fields.nullable("assigned_to", read::id::<UserId>),
        })
    }
}

/// Which tickets are listed. Every given parameter has to match.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketParams {
    /// In this status.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatusWord>,
    /// Of this priority.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<TicketPriorityWord>,
    /// In this category.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<TicketCategoryWord>,
    /// That the person with this id has.
    #[param(minimum = 1, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<i64>,
    /// That the person with this id created.
    #[param(minimum = 1, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<i64>,
    /// On subjects of this kind.
    #[param(pattern = "^[a-z][a-z0-9_]{0,31}$", required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// On a subject with this id.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<i64>,
    /// Title or description contains this, whatever the (ASCII) case.
    #[param(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        required = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// A line of a ticket's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "at": "2026-03-01T10:00:00.000000Z",
    "actor": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
    "action": "ticket.status_changed", "from": "open", "to": "in_progress",
}))]
pub struct HistoryLineView {
    /// When.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who; null for the program itself.
    #[schema(required = true)]
    pub actor: Option<UserRefView>,
    /// What was done.
    pub action: EventActionWord,
    /// The value before, for changes of one value.
    #[schema(required = true)]
    pub from: Option<String>,
    /// The value after, for changes of one value.
    #[schema(required = true)]
    pub to: Option<String>,
}

impl From<HistoryLine> for HistoryLineView {
    fn from(line: HistoryLine) -> Self {
        Self {
            at: line.at,
            actor: line.actor.map(Into::into),
            action: line.action.into(),
            from: line.from,
            to: line.to,
        }
    }
}
