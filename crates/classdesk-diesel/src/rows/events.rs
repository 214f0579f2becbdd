//! Entries of the log of changes.

use classdesk_domain::events::{AuditEntry, EventAction, EventRecord, EventScope, TicketLine};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{ApiKeyId, EventId, FileId, ThreadId, TicketId, UserId};
use classdesk_domain::policy::FileScope;
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use diesel::prelude::*;

use super::Backend;
use super::schema::{events, users};
use super::users::PersonRow;
use super::values::{At, Details, word};
use crate::error::Failure;

/// What is told of a change.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct EventRow {
    pub(crate) at: At,
    pub(crate) actor_id: Option<i64>,
    pub(crate) action: String,
    pub(crate) content_type: String,
    pub(crate) object_id: i64,
    pub(crate) is_internal: bool,
    pub(crate) value_before: Option<String>,
    pub(crate) value_after: Option<String>,
    pub(crate) detail: Details,
    pub(crate) api_key_id: Option<i64>,
    #[diesel(embed)]
    pub(crate) scope: ScopeRow,
}

impl From<EventRecord> for EventRow {
    fn from(event: EventRecord) -> Self {
        Self {
            at: event.at.into(),
            actor_id: event.actor.map(UserId::get),
            action: event.action.as_str().to_owned(),
            content_type: event.content_type,
            object_id: event.object_id,
            is_internal: event.scope.ticket.is_some_and(|line| line.is_internal),
            value_before: event.from,
            value_after: event.to,
            detail: Details(event.detail),
            api_key_id: event.key.map(ApiKeyId::get),
            scope: event.scope.into(),
        }
    }
}

/// By what an event is found.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct ScopeRow {
    pub(crate) ticket_id: Option<i64>,
    pub(crate) subject_type: Option<String>,
    pub(crate) subject_id: Option<i64>,
    pub(crate) thread_id: Option<i64>,
    pub(crate) requester_id: Option<i64>,
    pub(crate) file_id: Option<i64>,
    pub(crate) seen_by: Option<i16>,
}

/// The bits of `seen_by`.
const CLIENT: i16 = 1;
const WRITER: i16 = 2;

/// The values of `seen_by` by which a party saw what is gone.
pub(crate) const fn seen_by(scope: FileScope) -> [i16; 2] {
    match scope {
        FileScope::VisibleToClient => [CLIENT, CLIENT + WRITER],
        FileScope::All | FileScope::VisibleToWriter => [WRITER, CLIENT + WRITER],
    }
}

impl From<EventScope> for ScopeRow {
    fn from(scope: EventScope) -> Self {
        let (subject_type, subject_id) = scope
            .subject
            .map(|subject| (subject.content_type.to_string(), subject.object_id))
            .unzip();
        let bits = |seen: Visibility| {
            i16::from(seen.to_client) * CLIENT + i16::from(seen.to_writer) * WRITER
        };
        Self {
            ticket_id: scope.ticket.map(|line| line.ticket.get()),
            subject_type,
            subject_id,
            thread_id: scope.thread.map(ThreadId::get),
            requester_id: scope.requester.map(UserId::get),
            file_id: scope.file.map(FileId::get),
            seen_by: scope.seen_by.map(bits),
        }
    }
}

impl ScopeRow {
    fn into_domain(self, is_internal: bool) -> EventScope {
        EventScope {
            subject: self
                .subject_type
                .map(SubjectKind::from_stored)
                .zip(self.subject_id)
                .map(|(kind, id)| SubjectRef::new(kind, id)),
            thread: self.thread_id.map(ThreadId::new),
            ticket: self.ticket_id.map(|id| TicketLine {
                ticket: TicketId::new(id),
                is_internal,
            }),
            requester: self.requester_id.map(UserId::new),
            file: self.file_id.map(FileId::new),
            seen_by: self.seen_by.map(|bits| Visibility {
                to_client: bits & CLIENT != 0,
                to_writer: bits & WRITER != 0,
            }),
        }
    }
}

/// An event with its id.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct NumberedRow {
    pub(crate) id: i64,
    #[diesel(embed)]
    pub(crate) event: EventRow,
}

/// An event with its actor.
#[derive(Debug, HasQuery)]
#[diesel(table_name = events, check_for_backend(Backend))]
#[diesel(base_query = events::table
    .left_join(users::table.on(users::id.nullable().eq(events::actor_id))))]
pub(crate) struct EntryRow {
    #[diesel(embed)]
    pub(crate) numbered: NumberedRow,
    #[diesel(embed)]
    pub(crate) actor: Option<PersonRow>,
}

impl EntryRow {
    pub(crate) fn into_domain(self) -> Result<AuditEntry, Failure> {
        let NumberedRow { id, event: row } = self.numbered;
        Ok(AuditEntry {
            id: EventId::new(id),
            at: row.at.into(),
            actor: self.actor.map(PersonRow::into_domain).transpose()?,
            key: row.api_key_id.map(ApiKeyId::new),
            action: word(EventAction::parse, &row.action, "event")?,
            content_type: row.content_type,
            object_id: row.object_id,
            from: row.value_before,
            to: row.value_after,
            detail: row.detail.0,
            scope: row.scope.into_domain(row.is_internal),
        })
    }
}
