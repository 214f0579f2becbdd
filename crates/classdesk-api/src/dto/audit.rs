//! The audit log.

use std::collections::BTreeMap;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{AuditEntry, AuditFilter, EventAction};
use classdesk_domain::ids::{EventId, UserId};
use classdesk_domain::subjects::SubjectKind;

use crate::input::{AnyIdOrZero, input};
use crate::output::view;

use super::people::UserRefView;

view! {
    /// A change that was made.
    AuditEntryView from (entry: AuditEntry) {
        /// Its place in the log.
        id: EventId,
        /// When.
        at: Timestamp,
        /// Who; null for the program itself.
        actor: Option<UserRefView> = entry.actor.map(Into::into),
        /// What was done.
        action: EventAction,
        /// To what kind of thing.
        content_type: String,
        /// To which one.
        object_id: i64,
        /// Further facts by name; `from` and `to` for changes of one value.
        detail: BTreeMap<String, String> = detail(entry.detail, entry.from, entry.to),
    },
    example {
        "id": 91, "at": "2026-03-01T10:00:00.000000Z",
        "actor": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "action": "bundle.changed", "content_type": "class_bundle", "object_id": 42,
        "detail": {"fields": "status", "from": "not_started", "to": "in_progress"},
    }
}

fn detail(
    mut facts: BTreeMap<String, String>,
    from: Option<String>,
    to: Option<String>,
) -> BTreeMap<String, String> {
    facts.extend(from.map(|value| ("from".to_owned(), value)));
    facts.extend(to.map(|value| ("to".to_owned(), value)));
    facts
}

input! {
    /// Which changes are listed. Every given parameter has to match.
    query AuditParams -> AuditFilter {
        /// Made by the person with this id.
        actor: Option<UserId>,
        /// This was done.
        action: Option<EventAction>,
        /// To this kind of thing.
        content_type: Option<SubjectKind>,
        /// To a thing with this id.
        object_id: Option<AnyIdOrZero>,
        /// At this time or later.
        since: Option<Timestamp>,
        /// Before this time.
        until: Option<Timestamp>,
    } => AuditFilter {
        actor,
        action,
        content_type: content_type.map(|kind| kind.as_str().to_owned()),
        object_id,
        since,
        until,
    }
}
