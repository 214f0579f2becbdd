//! The audit log.

use std::collections::BTreeMap;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{AuditEntry, AuditFilter, EventAction};
use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::SubjectKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::input;
use crate::render::display;

use super::people::UserRefView;
use super::string_enum::EventActionName;

/// A change that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 91, "at": "2026-03-01T10:00:00.000000Z",
    "actor": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
    "action": "bundle.changed", "content_type": "class_bundle", "object_id": 42,
    "detail": {"fields": "status", "from": "not_started", "to": "in_progress"},
}))]
pub struct AuditEntryView {
    /// Its place in the log.
    pub id: i64,
    /// When.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who; null for the program itself.
    #[schema(required = true)]
    pub actor: Option<UserRefView>,
    /// What was done.
    pub action: EventActionName,
    /// To what kind of thing.
    pub content_type: String,
    /// To which one.
    pub object_id: i64,
    /// Further facts by name; `from` and `to` for changes of one value.
    pub detail: BTreeMap<String, String>,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        let mut detail = entry.detail;
        let values = [("from", entry.from), ("to", entry.to)];
        for (name, value) in values {
            detail.extend(value.map(|value| (name.to_owned(), value)));
        }
        Self {
            id: entry.id.get(),
            at: entry.at,
            actor: entry.actor.map(Into::into),
            action: entry.action.into(),
            content_type: entry.content_type,
            object_id: entry.object_id,
            detail,
        }
    }
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
        object_id: Option<i64>,
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
