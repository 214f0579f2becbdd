//! The log of changes.

use async_trait::async_trait;
use classdesk_domain::events::{
    AuditEntry, AuditFilter, EventRecord, EventRepository, HistoryLine,
};
use classdesk_domain::ids::TicketId;
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::store::StoreError;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::page::{Rows, after, cut, one_more};
use super::rows::events::{EntryRow, EventInsert, FullEntry, NumberedInsert, into_entry};
use super::rows::schema::{events, users};
use super::rows::users::PersonRow;
use super::rows::values::At;
use super::{Conn, Database};
use crate::error::Failure;

#[async_trait]
impl EventRepository for Database {
    async fn audit(
        &self,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.read(move |conn| audit(conn, &filter, page)).await
    }
}

/// Writes the events of a commit in their order.
pub(super) fn append(conn: &mut Conn, new: Vec<EventRecord>) -> Result<(), Failure> {
    let mut rows = new.into_iter().map(EventInsert::from);
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

fn audit(
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
