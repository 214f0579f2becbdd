//! Tickets.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{Description, SearchText, Title};
use classdesk_domain::tickets::{
    NewTicket, NewTicketOnSubject, Ticket, TicketCategory, TicketChange, TicketFilter,
    TicketPriority, TicketStatus,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{Nullable, input};
use crate::render::{display, display_option};

use super::people::UserRefView;
use super::string_enum::{
    EventActionName, TicketCategoryName, TicketPriorityName, TicketStatusName,
};
use super::subjects::{OnSubject, OptionalSubjectFields, SubjectInput};

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
    pub priority: TicketPriorityName,
    /// What it is about.
    pub category: TicketCategoryName,
    /// Where it stands.
    pub status: TicketStatusName,
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

input! {
    /// What every new ticket has.
    part TicketFields -> NewTicket {
        /// What it is called.
        title: Title,
        /// What it says.
        description: Description,
        /// How urgent it is; `medium` when it is left out.
        priority: Option<TicketPriority>,
        /// What it is about; `general` when it is left out.
        category: Option<TicketCategory>,
    } => {
        let new = NewTicket::new(title, description);
        NewTicket {
            priority: priority.unwrap_or(new.priority),
            category: category.unwrap_or(new.category),
            ..new
        }
    }
}

input! {
    /// A ticket to be created, on a subject or on nothing in particular.
    body TicketBody -> (Option<SubjectInput>, NewTicket) {
        ..subject: OptionalSubjectFields,
        ..ticket: TicketFields,
    } => (subject, ticket),
    example {
        "title": "The invoice is wrong", "description": "It names two bundles.",
        "category": "payment",
    }
}

impl OnSubject for TicketBody {
    type Subject = OptionalSubjectFields;
    type Rest = TicketFields;
}

input! {
    /// A ticket to be created on a bundle.
    body BundleTicketBody -> NewTicketOnSubject {
        ..ticket: TicketFields,
        /// The bundle's client, for whom staff create it.
        on_behalf_of: Option<UserId>,
    } => NewTicketOnSubject { ticket, on_behalf_of },
    example {
        "title": "The second class is missing", "description": "I can't find it.",
        "priority": "high",
    }
}

input! {
    /// A change to a ticket. What is left out stays.
    body TicketChangeBody -> TicketChange {
        /// Where it shall stand.
        status: Option<TicketStatus>,
        /// How urgent it is.
        priority: Option<TicketPriority>,
        /// What it is about.
        category: Option<TicketCategory>,
        /// Who shall have it, active staff; null takes it from whoever has it.
        assigned_to: Option<Nullable<UserId>>,
        /// What it is called.
        title: Option<Title>,
    } => TicketChange {
        status,
        priority,
        category,
        assigned_to: assigned_to.map(|user| user.0),
        title,
    },
    example {"status": "in_progress", "assigned_to": 2}
}

input! {
    /// Which tickets are listed. Every given parameter has to match.
    query TicketParams -> TicketFilter {
        /// In this status.
        status: Option<TicketStatus>,
        /// Of this priority.
        priority: Option<TicketPriority>,
        /// In this category.
        category: Option<TicketCategory>,
        /// That the person with this id has.
        assigned_to: Option<UserId>,
        /// That the person with this id created.
        created_by: Option<UserId>,
        /// On subjects of this kind.
        content_type: Option<SubjectKind>,
        /// On a subject with this id.
        object_id: Option<i64>,
        /// Title or description contains this, whatever the (ASCII) case.
        q: Option<SearchText>,
    } => TicketFilter {
        status,
        priority,
        category,
        assigned_to,
        created_by,
        content_type,
        object_id,
        q,
    }
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
    pub action: EventActionName,
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
