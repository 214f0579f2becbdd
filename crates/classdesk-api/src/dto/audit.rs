//! The audit log.

use std::collections::BTreeMap;

use classdesk_domain::api_keys::ApiKey;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{AuditFilter, AuditLine, EventAction};
use classdesk_domain::ids::{ApiKeyId, EventId, UserId};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::KeyName;

use crate::input::{AnyIdOrZero, input};
use crate::output::view;

use super::people::UserRefView;

view! {
    /// A change that was made.
    AuditEntryView from (line: AuditLine) {
        /// Its place in the log.
        id: EventId = line.entry.id,
        /// When.
        at: Timestamp = line.entry.at,
        /// Who; null for the program itself.
        actor: Option<UserRefView> = line.entry.actor.map(Into::into),
        /// By which key; null where no program did it. Where its owner is not the actor, it acted for
        /// them.
        api_key: Option<AuditKeyView> = line.key.map(Into::into),
        /// What was done.
        action: EventAction = line.entry.action,
        /// To what kind of thing.
        content_type: String = line.entry.content_type,
        /// To which one.
        object_id: i64 = line.entry.object_id,
        /// Further facts by name; `from` and `to` for changes of one value.
        detail: BTreeMap<String, String> = detail(line.entry.detail, line.entry.from, line.entry.to),
    },
    example {
        "id": 91, "at": "2026-03-01T10:00:00.000000Z",
        "actor": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "api_key": null, "action": "bundle.changed", "content_type": "class_bundle", "object_id": 42,
        "detail": {"fields": "status", "from": "not_started", "to": "in_progress"},
    }
}

view! {
    /// The key that a program used. It may have ended.
    AuditKeyView from (key: ApiKey) {
        /// Its id.
        id: ApiKeyId,
        /// What it is for.
        name: KeyName,
        /// Whose it is.
        user: UserRefView = key.owner.into(),
    },
    example {
        "id": 5, "name": "CRM",
        "user": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
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
