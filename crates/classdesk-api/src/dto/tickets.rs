//! Tickets.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{EventAction, HistoryLine, HistoryValue};
use classdesk_domain::ids::{EventId, TicketId, UserId};
use classdesk_domain::search::SearchText;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{Description, Title};
use classdesk_domain::tickets::{
    NewTicket, NewTicketOnSubject, Ticket, TicketCategory, TicketChange, TicketFilter,
    TicketPriority, TicketStatus,
};

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::OneOfBuilder;

use crate::input::{AnyIdOrZero, Nullable, input};
use crate::output::{Output, view};
use crate::schema::{AnySchema, Components, string};

use super::people::UserRefView;
use super::subjects::{OptionalSubjectFields, SubjectInput};

view! {
    /// A support ticket, as the caller sees it.
    TicketView from (ticket: Ticket) {
        /// Its id.
        id: TicketId,
        /// What it is called.
        title: Title,
        /// What it says; its last line names the subject, if it has one.
        description: Description,
        /// How urgent it is.
        priority: TicketPriority,
        /// What it is about.
        category: TicketCategory,
        /// Where it stands.
        status: TicketStatus,
        /// Whether it was ever escalated.
        is_escalated: bool,
        /// The kind of its subject, if it has one.
        content_type: Option<SubjectKind> = ticket
            .about
            .as_ref()
            .map(|about| about.content_type.clone()),
        /// Which subject of that kind.
        object_id: Option<i64> = ticket.about.map(|about| about.object_id),
        /// Who created it.
        created_by: UserRefView = ticket.created_by.into(),
        /// Whom it is for.
        requester: UserRefView = ticket.requester.into(),
        /// Who of the staff has it.
        assigned_to: Option<UserRefView> = ticket.assigned_to.map(Into::into),
        /// How many messages the caller may see.
        messages_count: i64,
        /// How many files the caller may see.
        attachments_count: i64,
        /// When it was closed; null when it is open again.
        resolved_at: Option<Timestamp>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last changed or written to.
        updated_at: Timestamp,
        /// Counts its changes; the first part of the `ETag`.
        version: i64,
    },
    example {
        "id": 12, "title": "The second class is missing",
        "description": "I can't find it.\nClass bundle #42: Spring semester",
        "priority": "medium", "category": "general", "status": "open", "is_escalated": false,
        "content_type": "class_bundle", "object_id": 42,
        "created_by": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
        "requester": {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
        "assigned_to": null, "messages_count": 0, "attachments_count": 0, "resolved_at": null,
        "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
        "version": 1,
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
        priority: TicketPriority = TicketPriority::Medium.as_str(),
        /// What it is about; `general` when it is left out.
        category: TicketCategory = TicketCategory::General.as_str(),
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

input! {
    /// A ticket to be created on a bundle.
    body BundleTicketBody -> NewTicketOnSubject {
        ..ticket: TicketFields,
        /// The bundle's client, for whom staff create it.
        on_behalf_of: Option<UserId>,
    },
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
        /// Who shall have it, active staff; null takes it from its present holder.
        assigned_to: Option<Nullable<UserId>>,
        /// What it is called.
        title: Option<Title>,
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
        object_id: Option<AnyIdOrZero>,
        /// Each of these words begins one of the title or the description, or is the number.
        q: Option<SearchText>,
    }
}

view! {
    /// A line of a ticket's history.
    HistoryLineView from (line: HistoryLine) {
        /// Its id.
        id: EventId,
        /// When.
        at: Timestamp,
        /// Who; null for the program itself.
        actor: Option<UserRefView> = line.actor.map(Into::into),
        /// What was done.
        action: EventAction,
        /// The value before, for changes of one value. An assignee is a person.
        from: Option<HistoryValue>,
        /// The value after, for changes of one value. An assignee is a person.
        to: Option<HistoryValue>,
    },
    example {
        "id": 92, "at": "2026-03-01T10:00:00.000000Z",
        "actor": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "action": "ticket.status_changed", "from": "open", "to": "in_progress",
    }
}

impl Output for HistoryValue {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Person(person) => UserRefView::from(person.clone()).serialize(serializer),
        }
    }

    fn schema(components: &mut Components) -> AnySchema {
        let choice = OneOfBuilder::new().item(string());
        choice
            .item(<UserRefView as Output>::schema(components))
            .into()
    }
}
