//! The log of changes.

use classdesk_domain::events::{
    AuditEntry, AuditFilter, EventAction, EventRepository, HistoryLine,
};
use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest, SeekRequest};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::tickets::Ticket;
use diesel::prelude::*;

use super::Conn;
use super::filter::only;
use super::page::{meaning, one_more, seek};
use super::people::People;
use super::port::port;
use super::rows::events::EntryRow;
use super::rows::schema::events;
use super::rows::values::At;
use super::ticket::{sees_internal, with_ticket};
use crate::error::Failure;

port! {
    impl EventRepository {
        read audit(filter: AuditFilter, page: PageRequest) -> Page<AuditEntry>;
    }
}

fn audit(
    conn: &mut Conn,
    filter: AuditFilter,
    page: PageRequest,
) -> Result<Page<AuditEntry>, Failure> {
    let mut query = EntryRow::query()
        .order((events::at.desc(), events::id.desc()))
        .limit(one_more(page))
        .into_boxed();
    only!(query,
        events::actor_id => filter.actor.map(UserId::get),
        events::action => filter.action.map(EventAction::as_str),
        events::content_type => filter.content_type,
        events::object_id => filter.object_id,
    );
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
    let rows = query.load(conn)?;
    let cursor = |row: &EntryRow| Cursor {
        key: row.numbered.event.at.0,
        id: row.numbered.id,
    };
    let page = Page::cut(rows, page.limit, cursor);
    page.try_map_all(|rows| rows.into_iter().map(EntryRow::into_domain).collect())
}

/// A page of a ticket's history, oldest first.
pub(super) fn ticket_history(
    conn: &mut Conn,
    id: TicketId,
    scope: AccessScope,
    page: SeekRequest,
) -> Result<Option<(Ticket, Page<HistoryLine>)>, Failure> {
    let seen = || {
        EntryRow::query()
            .filter(events::ticket_id.eq(id.get()))
            .filter(sees_internal(&scope).or(events::is_internal.eq(false)))
    };
    with_ticket(conn, id, scope, |conn| {
        let rows = seek!(conn, page, seen(), events::id, |row: EntryRow| row
            .numbered
            .id);
        let entries = meaning(rows, EntryRow::into_domain)?;
        let named = entries.items.iter().flat_map(AuditEntry::people);
        let people = People::load(conn, named.map(UserId::get))?;
        let person = |id: UserId| people.get(id.get()).ok();
        Ok(entries.map(|entry| entry.into_line(person)))
    })
}
