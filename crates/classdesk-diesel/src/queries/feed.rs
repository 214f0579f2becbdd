//! The feed: the log as each reader may see it.

use classdesk_domain::events::{
    AuditEntry, Event, EventAction, EventFilter, EventLog, EventPage, EventRange, Horizon,
    TailEvent,
};
use classdesk_domain::ids::{EventId, UserId};
use classdesk_domain::policy::{AccessScope, BundleScope, TicketScope};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::dialect::{EVENT_STEP, horizon, id_set};
use super::files::file_in_scope;
use super::filter::only;
use super::people::People;
use super::port::port;
use super::rows::events::{EntryRow, seen_by};
use super::rows::schema::{bundle_files, events, subjects, thread_participants, users};
use super::rows::subjects::PartiesRow;
use super::ticket::sees_internal;
use crate::error::Failure;

port! {
    impl EventLog {
        read horizon() -> Horizon;
        snapshot visible_events(
            scope: AccessScope, filter: EventFilter, range: EventRange, limit: u32
        ) -> EventPage;
        snapshot tail(range: EventRange, limit: u32) -> Vec<TailEvent>;
    }
}

/// How many events of the log are looked at for each one that is wanted, at first and at most. Most
/// readers need few. One who sees little of a long log takes more steps, and each step looks at so
/// many times as much.
const FIRST_LOOK: i64 = 8;
const FURTHER_LOOK: i64 = 32;
const LONGEST_LOOK: i64 = 1 << 20;

fn visible_events(
    conn: &mut Conn,
    scope: AccessScope,
    filter: EventFilter,
    range: EventRange,
    limit: u32,
) -> Result<EventPage, Failure> {
    let (after, end) = (range.after.get(), range.up_to.get());
    let mut look = i64::from(limit) * FIRST_LOOK;
    let mut wanted = Wanted {
        after,
        up_to: end,
        limit: i64::from(limit),
        filter,
    };
    loop {
        let up_to = end.min(after.saturating_add(look * EVENT_STEP));
        wanted.up_to = up_to;
        let ids = visible_ids(conn, &scope, &wanted)?;
        let full = ids.last().filter(|_| ids.len() == limit as usize);
        if full.is_some() || up_to == end || look >= LONGEST_LOOK {
            let up_to = EventId::new(*full.unwrap_or(&up_to));
            let rows = EntryRow::query()
                .filter(events::id.eq_any(id_set(&ids)))
                .order(events::id)
                .load(conn)?;
            let events = into_events(conn, rows)?;
            return Ok(EventPage { events, up_to });
        }
        look = (look * FURTHER_LOOK).min(LONGEST_LOOK);
    }
}

/// Which part of the log is read, and how many events of it are wanted.
struct Wanted {
    after: i64,
    up_to: i64,
    limit: i64,
    filter: EventFilter,
}

/// Narrows a boxed query of the ids of events to those that are wanted.
macro_rules! wanted {
    ($query:expr, $wanted:expr) => {{
        let wanted: &Wanted = $wanted;
        let mut query = $query
            .filter(events::id.gt(wanted.after))
            .filter(events::id.le(wanted.up_to))
            .order(events::id)
            .limit(wanted.limit);
        let subject = wanted.filter.subject.as_ref();
        only!(query,
            events::subject_id => subject.map(|subject| subject.object_id),
            events::subject_type => subject.map(|subject| subject.content_type.as_str()),
        );
        if let Some(types) = wanted.filter.types.only() {
            // An expression, so that the index of actions does not lead: it knows no part of the log.
            let action = events::action.concat("");
            query = query.filter(action.eq_any(types.iter().map(|one| one.as_str())));
        }
        query
    }};
}

/// The events of the feed; the others stand in the audit log alone.
macro_rules! of_feed {
    () => {
        events::table.filter(
            events::subject_id
                .is_not_null()
                .or(events::ticket_id.is_not_null()),
        )
    };
}

fn visible_ids(conn: &mut Conn, scope: &AccessScope, wanted: &Wanted) -> Result<Vec<i64>, Failure> {
    let party = match scope.bundles {
        BundleScope::All => {
            let all = of_feed!().select(events::id).into_boxed();
            return Ok(wanted!(all, wanted).load(conn)?);
        }
        BundleScope::OwnedBy(client) => (Some(client), None),
        BundleScope::AssignedTo(writer) => (None, Some(writer)),
    };
    let mut ids = of_subjects(conn, scope, party, wanted)?;
    ids.extend(of_tickets(conn, scope, wanted)?);
    ids.sort_unstable();
    ids.truncate(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
    Ok(ids)
}

/// Events about what is on the subjects of a party, without tickets.
fn of_subjects(
    conn: &mut Conn,
    scope: &AccessScope,
    (client, writer): (Option<UserId>, Option<UserId>),
    wanted: &Wanted,
) -> QueryResult<Vec<i64>> {
    let takes_part = exists(
        thread_participants::table
            .filter(
                thread_participants::thread_id
                    .nullable()
                    .eq(events::thread_id),
            )
            .filter(thread_participants::user_id.eq(scope.viewer.get()))
            .filter(thread_participants::participates.eq(true)),
    );
    let sees_file = exists(
        bundle_files::table
            .filter(bundle_files::id.nullable().eq(events::file_id))
            .filter(file_in_scope!(scope.files)),
    );
    let deleted = EventAction::FileDeleted.as_str();
    let saw_file = events::seen_by.eq_any(seen_by(scope.files));
    let mut query = subjects::table
        .inner_join(
            events::table.on(events::subject_id
                .eq(subjects::object_id.nullable())
                .and(events::subject_type.eq(subjects::content_type.nullable()))),
        )
        .filter(events::ticket_id.is_null())
        .filter(events::action.ne(EventAction::SubjectRemoved.as_str()))
        .filter(events::thread_id.is_null().or(takes_part))
        .filter(
            events::file_id
                .is_null()
                .or(events::action.ne(deleted).and(sees_file))
                .or(events::action.eq(deleted).and(saw_file).assume_not_null()),
        )
        .select(events::id)
        .into_boxed();
    only!(query,
        subjects::client_id => client.map(UserId::get),
        subjects::assigned_writer_id => writer.map(UserId::get),
    );
    wanted!(query, wanted).load(conn)
}

/// Events of the tickets of a requester.
fn of_tickets(conn: &mut Conn, scope: &AccessScope, wanted: &Wanted) -> QueryResult<Vec<i64>> {
    let is_writer = matches!(scope.tickets, TicketScope::RequestedByUnlessAssigned(_));
    let assigned = exists(
        subjects::table
            .filter(subjects::object_id.nullable().eq(events::subject_id))
            .filter(subjects::content_type.nullable().eq(events::subject_type))
            .filter(subjects::assigned_writer_id.eq(scope.viewer.get())),
    );
    let query = events::table
        .filter(events::requester_id.eq(scope.viewer.get()))
        .filter(events::ticket_id.is_not_null())
        .filter(sees_internal(scope).or(events::is_internal.eq(false)))
        .filter(not(is_writer.into_sql::<Bool>().and(assigned)))
        .select(events::id)
        .into_boxed();
    wanted!(query, wanted).load(conn)
}

fn into_events(conn: &mut Conn, rows: Vec<EntryRow>) -> Result<Vec<Event>, Failure> {
    let entries: Vec<AuditEntry> = rows
        .into_iter()
        .map(EntryRow::into_domain)
        .collect::<Result<_, _>>()?;
    let named = entries.iter().flat_map(AuditEntry::people);
    let people = People::load(conn, named.map(UserId::get))?;
    let person = |id: UserId| people.get(id.get()).ok();
    let events = entries.into_iter().map(|entry| entry.into_event(person));
    Ok(events.collect())
}

fn tail(conn: &mut Conn, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, Failure> {
    let rows: Vec<(EntryRow, Option<PartiesRow>)> = of_feed!()
        .left_join(users::table.on(users::id.nullable().eq(events::actor_id)))
        .left_join(
            subjects::table.on(events::subject_id
                .eq(subjects::object_id.nullable())
                .and(events::subject_type.eq(subjects::content_type.nullable()))),
        )
        .filter(events::id.gt(range.after.get()))
        .filter(events::id.le(range.up_to.get()))
        .order(events::id)
        .limit(i64::from(limit))
        .select((EntryRow::as_select(), Option::<PartiesRow>::as_select()))
        .load(conn)?;
    let (rows, parties): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let events = into_events(conn, rows)?;
    let tail = events.into_iter().zip(parties);
    Ok(tail
        .map(|(event, parties)| TailEvent {
            event,
            parties: parties.map(Into::into),
        })
        .collect())
}
