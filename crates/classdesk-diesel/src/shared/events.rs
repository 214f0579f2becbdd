//! The log of changes.

use classdesk_domain::events::{AuditEntry, AuditFilter, EventAction, HistoryLine, NewEvent};
use classdesk_domain::ids::{EventId, TicketId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
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
    ticket_id: Option<i64>,
    is_internal: bool,
    value_before: Option<String>,
    value_after: Option<String>,
    detail: Details,
}

/// The same with a given id.
#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NumberedInsert {
    id: i64,
    #[diesel(embed)]
    event: EventInsert,
}

/// Writes the events of a commit in their order. `created` tells the id that an event without one
/// is about, by the kind of its object.
pub(super) fn append(
    conn: &mut Conn,
    new: Vec<NewEvent>,
    created: impl Fn(&str) -> i64,
) -> Result<(), Failure> {
    let mut rows = new.into_iter().map(|event| EventInsert {
        at: event.at.into(),
        actor_id: event.actor.map(|actor| actor.get()),
        action: event.action.as_str(),
        object_id: event
            .object
            .object_id
            .unwrap_or_else(|| created(&event.object.content_type)),
        ticket_id: event.ticket.map(|line| {
            line.ticket
                .map_or_else(|| created("ticket"), |ticket| ticket.get())
        }),
        is_internal: event.ticket.is_some_and(|line| line.is_internal),
        content_type: event.object.content_type,
        value_before: event.from,
        value_after: event.to,
        detail: Details(event.detail),
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
    value_before: Option<String>,
    value_after: Option<String>,
    detail: Details,
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
