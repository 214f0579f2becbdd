//! The log of changes.

use classdesk_domain::events::{
    AuditEntry, AuditFilter, EventAction, EventRecord, EventScope, HistoryLine, TicketLine,
};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{EventId, FileId, ThreadId, TicketId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::page::{Rows, after, cut, one_more};
use super::people::PersonRow;
use super::schema::{events, users};
use super::values::{At, Details, word};
use crate::error::Failure;

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventInsert {
    at: At,
    actor_id: Option<i64>,
    action: &'static str,
    content_type: String,
    object_id: i64,
    is_internal: bool,
    value_before: Option<String>,
    value_after: Option<String>,
    detail: Details,
    #[diesel(embed)]
    scope: ScopeRow,
}

/// By what an event is found.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct ScopeRow {
    ticket_id: Option<i64>,
    subject_type: Option<String>,
    subject_id: Option<i64>,
    thread_id: Option<i64>,
    requester_id: Option<i64>,
    file_id: Option<i64>,
    seen_by: Option<i16>,
}

/// The bits of `seen_by`.
const CLIENT: i16 = 1;
const WRITER: i16 = 2;

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

/// The same with a given id.
#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NumberedInsert {
    id: i64,
    #[diesel(embed)]
    event: EventInsert,
}

/// Writes the events of a commit in their order.
pub(super) fn append(conn: &mut Conn, new: Vec<EventRecord>) -> Result<(), Failure> {
    let mut rows = new.into_iter().map(|event| EventInsert {
        at: event.at.into(),
        actor_id: event.actor.map(UserId::get),
        action: event.action.as_str(),
        content_type: event.content_type,
        object_id: event.object_id,
        is_internal: event.scope.ticket.is_some_and(|line| line.is_internal),
        value_before: event.from,
        value_after: event.to,
        detail: Details(event.detail),
        scope: event.scope.into(),
    });
    let Some(first) = rows.next() else {
        return Ok(());
    };
    let base: i64 = diesel::insert_into(events::table)
        .values(first)
        .returning(events::id)
        .get_result(conn)?;
    let rest: Vec<NumberedInsert> = (base + 1..)
        .zip(rows)
        .map(|(id, event)| NumberedInsert { id, event })
        .collect();
    if !rest.is_empty() {
        diesel::insert_into(events::table)
            .values(rest)
            .execute(conn)?;
    }
    Ok(())
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
struct EntryRow {
    id: i64,
    at: At,
    action: String,
    content_type: String,
    object_id: i64,
    is_internal: bool,
    value_before: Option<String>,
    value_after: Option<String>,
    detail: Details,
    #[diesel(embed)]
    scope: ScopeRow,
}

type FullEntry = (EntryRow, Option<PersonRow>);

fn into_entry((row, actor): FullEntry) -> Result<AuditEntry, Failure> {
    Ok(AuditEntry {
        id: EventId::new(row.id),
        at: row.at.into(),
        actor: actor.map(PersonRow::into_domain).transpose()?,
        action: word(EventAction::parse, &row.action, "event")?,
        content_type: row.content_type,
        object_id: row.object_id,
        from: row.value_before,
        to: row.value_after,
        detail: row.detail.0,
        scope: row.scope.into_domain(row.is_internal),
    })
}

pub(super) fn audit(
    conn: &mut Conn,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Page<AuditEntry>, Failure> {
    let mut query = events::table
        .left_join(users::table.on(users::id.nullable().eq(events::actor_id)))
        .select((EntryRow::as_select(), Option::<PersonRow>::as_select()))
        .order((events::at.desc(), events::id.desc()))
        .limit(one_more(page))
        .into_boxed();
    if let Some(actor) = filter.actor {
        query = query.filter(events::actor_id.eq(actor.get()));
    }
    if let Some(action) = filter.action {
        query = query.filter(events::action.eq(action.as_str()));
    }
    if let Some(kind) = &filter.content_type {
        query = query.filter(events::content_type.eq(kind));
    }
    if let Some(object) = filter.object_id {
        query = query.filter(events::object_id.eq(object));
    }
    if let Some(since) = filter.since {
        query = query.filter(events::at.ge(At::from(since)));
    }
    let mut end = filter.until.map(At::from);
    if let Some(position) = page.after {
        query = query.filter(
            events::at
                .lt(At(position.key))
                .or(events::id.lt(position.id)),
        );
        // The index can end there: what was said above begins within this instant.
        let after = At(position.key.saturating_add(1));
        end = Some(end.map_or(after, |end| end.min(after)));
    }
    if let Some(end) = end {
        query = query.filter(events::at.lt(end));
    }
    let rows: Vec<FullEntry> = query.load(conn)?;
    let position = |(row, _): &FullEntry| Cursor {
        key: row.at.0,
        id: row.id,
    };
    Rows(Page::cut(rows, page.limit, position)).try_map(into_entry)
}

/// A page of a ticket's history, oldest first.
pub(super) fn history(
    conn: &mut Conn,
    ticket: TicketId,
    internal_too: bool,
    page: PageRequest,
) -> Result<Page<HistoryLine>, Failure> {
    let rows: Vec<FullEntry> = events::table
        .left_join(users::table.on(users::id.nullable().eq(events::actor_id)))
        .filter(events::ticket_id.eq(ticket.get()))
        .filter(events::id.gt(after(page)))
        .filter(
            internal_too
                .into_sql::<Bool>()
                .or(events::is_internal.eq(false)),
        )
        .select((EntryRow::as_select(), Option::<PersonRow>::as_select()))
        .order(events::id)
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row| row.0.id).try_map(|row| {
        let entry = into_entry(row)?;
        Ok(HistoryLine {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            from: entry.from,
            to: entry.to,
        })
    })
}
