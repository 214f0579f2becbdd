//! Threads.

use std::collections::HashMap;

use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::policy::{AccessScope, ThreadScope};
use classdesk_domain::store::Commit;
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    InsertThread, MessageKind, ParticipantAddition, ParticipantRemoval, Thread, ThreadContext,
    ThreadFilter, ThreadUpdate, ThreadView,
};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::commit::{Applied, Writes, commit, exactly_one};
use super::dialect::for_change;
use super::messages::{self, Seat};
use super::page::one_more;
use super::posting::{Posted, Posting, post};
use super::receipts::Marks;
use super::schema::{subjects, thread_participants, threads};
use super::subjects::parties;
use super::values::At;
use super::{Conn, people, preconditions};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = threads)]
struct ThreadRow {
    id: i64,
    content_type: String,
    object_id: i64,
    subject: String,
    is_active: bool,
    is_private: bool,
    created_by: i64,
    created_at: At,
    updated_at: At,
    message_count: i64,
    last_message_id: Option<i64>,
}

/// A subject as the columns of a row name it.
pub(super) fn subject_ref(content_type: String, object_id: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::from_stored(content_type), object_id)
}

type FactsRow = (
    (i64, String, i64, String, bool, i64),
    (i64, Option<i64>),
    Option<bool>,
);

pub(super) fn thread_context(
    conn: &mut Conn,
    id: ThreadId,
    person: UserId,
) -> Result<Option<ThreadContext>, Failure> {
    let row: Option<FactsRow> = threads::table
        .inner_join(
            subjects::table.on(subjects::content_type
                .eq(threads::content_type)
                .and(subjects::object_id.eq(threads::object_id))),
        )
        .left_join(
            thread_participants::table.on(thread_participants::thread_id
                .eq(threads::id)
                .and(thread_participants::user_id.eq(person.get()))),
        )
        .filter(threads::id.eq(id.get()))
        .select((
            (
                threads::id,
                threads::content_type,
                threads::object_id,
                threads::subject,
                threads::is_active,
                threads::created_by,
            ),
            (subjects::client_id, subjects::assigned_writer_id),
            thread_participants::participates.nullable(),
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(thread, (client, writer), participates)| {
        let (id, content_type, object_id, subject, is_active, created_by) = thread;
        ThreadContext {
            id: ThreadId::new(id),
            about: subject_ref(content_type, object_id),
            parties: parties(client, writer),
            created_by: UserId::new(created_by),
            subject: SubjectLine::from_stored(subject),
            is_active,
            participates: participates.unwrap_or(false),
        }
    }))
}

/// Threads as their viewer sees them, by as many statements for one as for two hundred.
fn views(
    conn: &mut Conn,
    rows: Vec<ThreadRow>,
    scope: &AccessScope,
) -> Result<Vec<ThreadView>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let (seats, mut people) = messages::seats(conn, &ids)?;
    people.add_missing(conn, rows.iter().map(|row| row.created_by))?;
    let latest: Vec<i64> = rows.iter().filter_map(|row| row.last_message_id).collect();
    let latest = messages::by_id(conn, &latest)?;
    let marks = Marks::at(conn, &latest, &seats, scope)?;
    let mut latest: HashMap<i64, _> =
        messages::into_domain(conn, latest, &seats, &mut people, &marks, scope)?
            .into_iter()
            .map(|message| (message.id.get(), message))
            .collect();
    rows.into_iter()
        .map(|row| {
            let seats = seats.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            let own = seats.iter().find(|seat| seat.user == scope.viewer.get());
            let participants = seats.iter().filter(|seat| seat.participates);
            Ok(ThreadView {
                created_by: people.get(row.created_by)?,
                participants: participants
                    .map(|seat| people.get(seat.user))
                    .collect::<Result<_, _>>()?,
                message_count: row.message_count,
                unread_count: own.map_or(row.message_count, |seat| seat.unread(row.message_count)),
                last_message: row.last_message_id.and_then(|id| latest.remove(&id)),
                thread: Thread {
                    id: ThreadId::new(row.id),
                    about: subject_ref(row.content_type, row.object_id),
                    subject: SubjectLine::from_stored(row.subject),
                    is_active: row.is_active,
                    is_private: row.is_private,
                    created_at: row.created_at.into(),
                    updated_at: row.updated_at.into(),
                },
            })
        })
        .collect()
}

/// A thread whatever the sight.
fn row(conn: &mut Conn, id: i64) -> Result<Option<ThreadRow>, Failure> {
    Ok(threads::table
        .find(id)
        .select(ThreadRow::as_select())
        .first(conn)
        .optional()?)
}

pub(super) fn thread(
    conn: &mut Conn,
    id: ThreadId,
    scope: &AccessScope,
) -> Result<Option<ThreadView>, Failure> {
    let Some(facts) = thread_context(conn, id, scope.viewer)? else {
        return Ok(None);
    };
    // The same rule as in the list; of one row it needs no statement of its own for each sight.
    let in_sight = match scope.threads {
        ThreadScope::All => true,
        ThreadScope::OwnedAndJoined(client) => facts.participates && facts.parties.client == client,
        ThreadScope::AssignedAndJoined(writer) => {
            facts.participates && facts.parties.assigned_writer == Some(writer)
        }
    };
    if !in_sight {
        return Ok(None);
    }
    let rows = row(conn, id.get())?.into_iter().collect();
    Ok(views(conn, rows, scope)?.pop())
}

/// Filters a query of threads by what was asked for, and orders and cuts it.
///
/// A macro because the two queries it serves have types that can't be written down.
macro_rules! filtered {
    ($query:expr, $updated_at:expr, $filter:expr, $page:expr) => {{
        let mut query = $query;
        if let Some(kind) = &$filter.content_type {
            query = query.filter(threads::content_type.eq(kind.as_str().to_owned()));
        }
        if let Some(object) = $filter.object_id {
            query = query.filter(threads::object_id.eq(object));
        }
        if let Some(unread) = $filter.unread {
            let count = threads::message_count.nullable()
                - thread_participants::read_count.nullable()
                - thread_participants::sent_count.nullable()
                + thread_participants::sent_read_count.nullable();
            let never_here = thread_participants::user_id.nullable().is_null();
            query = if unread {
                query.filter(
                    count
                        .gt(0)
                        .or((never_here.and(threads::message_count.gt(0))).nullable()),
                )
            } else {
                query.filter(
                    count
                        .le(0)
                        .or((never_here.and(threads::message_count.eq(0))).nullable()),
                )
            };
        }
        if let Some(position) = $page.after {
            let at = At(position.key);
            // The first condition says the same as the second, coarsely: an index can begin there.
            query = query
                .filter($updated_at.le(at))
                .filter($updated_at.lt(at).or(threads::id.lt(position.id)));
        }
        query
            .order(($updated_at.desc(), threads::id.desc()))
            .limit(one_more($page))
    }};
}

pub(super) fn list_threads(
    conn: &mut Conn,
    scope: &AccessScope,
    filter: &ThreadFilter,
    page: PageRequest,
) -> Result<Page<ThreadView>, Failure> {
    let rows: Vec<ThreadRow> = if filter.mine || scope.threads != ThreadScope::All {
        joined(conn, scope, filter, page)?
    } else {
        let seat = thread_participants::table.on(thread_participants::thread_id
            .eq(threads::id)
            .and(thread_participants::user_id.eq(scope.viewer.get())));
        let all = threads::table
            .left_join(seat)
            .select(ThreadRow::as_select())
            .into_boxed();
        filtered!(all, threads::updated_at, filter, page).load(conn)?
    };
    let cut = Page::cut(rows, page.limit, |row| Cursor {
        key: row.updated_at.0,
        id: row.id,
    });
    Ok(Page {
        next: cut.next,
        items: views(conn, cut.items, scope)?,
    })
}

/// Threads that a person participates in, found from the person.
fn joined(
    conn: &mut Conn,
    scope: &AccessScope,
    filter: &ThreadFilter,
    page: PageRequest,
) -> Result<Vec<ThreadRow>, Failure> {
    let person = match scope.threads {
        ThreadScope::All => scope.viewer,
        ThreadScope::OwnedAndJoined(client) => client,
        ThreadScope::AssignedAndJoined(writer) => writer,
    };
    let mut query = thread_participants::table
        .inner_join(threads::table.on(threads::id.eq(thread_participants::thread_id)))
        .inner_join(
            subjects::table.on(subjects::content_type
                .eq(threads::content_type)
                .and(subjects::object_id.eq(threads::object_id))),
        )
        .filter(thread_participants::user_id.eq(person.get()))
        .filter(thread_participants::participates.eq(true))
        .select(ThreadRow::as_select())
        .into_boxed();
    query = match scope.threads {
        ThreadScope::All => query,
        ThreadScope::OwnedAndJoined(client) => query.filter(subjects::client_id.eq(client.get())),
        ThreadScope::AssignedAndJoined(writer) => {
            query.filter(subjects::assigned_writer_id.eq(writer.get()))
        }
    };
    // The same instant in two tables: the order is asked of the one whose index serves it.
    Ok(if filter.object_id.is_some() {
        filtered!(query, threads::updated_at, filter, page).load(conn)?
    } else {
        filtered!(query, thread_participants::updated_at, filter, page).load(conn)?
    })
}

#[derive(Insertable)]
#[diesel(table_name = threads, treat_none_as_default_value = false)]
struct ThreadInsert<'a> {
    content_type: &'a str,
    object_id: i64,
    subject: &'a str,
    is_active: bool,
    is_private: bool,
    created_by: i64,
    created_at: At,
    updated_at: At,
    message_count: i64,
    last_message_id: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = thread_participants, treat_none_as_default_value = false)]
struct SeatInsert {
    thread_id: i64,
    user_id: i64,
    participates: bool,
    updated_at: At,
    sent_count: i64,
    last_read_id: Option<i64>,
    read_count: i64,
    sent_read_count: i64,
}

impl SeatInsert {
    const fn new(thread_id: i64, user_id: i64, participates: bool, updated_at: At) -> Self {
        Self {
            thread_id,
            user_id,
            participates,
            updated_at,
            sent_count: 0,
            last_read_id: None,
            read_count: 0,
            sent_read_count: 0,
        }
    }
}

pub(super) fn open_thread(conn: &mut Conn, c: Commit<InsertThread>) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            let at = At::from(new.created_at);
            let creator = new.created_by.get();
            let id: i64 = diesel::insert_into(threads::table)
                .values(ThreadInsert {
                    content_type: new.about.content_type.as_str(),
                    object_id: new.about.object_id,
                    subject: new.subject.as_str(),
                    is_active: true,
                    is_private: new.is_private,
                    created_by: creator,
                    created_at: at,
                    updated_at: at,
                    message_count: 0,
                    last_message_id: None,
                })
                .returning(threads::id)
                .get_result(conn)?;
            let seats: Vec<SeatInsert> = new
                .participants
                .iter()
                .map(|user| SeatInsert::new(id, user.get(), true, at))
                .collect();
            diesel::insert_into(thread_participants::table)
                .values(&seats)
                .execute(conn)?;
            let message = match &new.first_message {
                Some((text, recipient)) => {
                    let posting = Posting {
                        thread: id,
                        sender: creator,
                        sender_role: new.creator_role,
                        recipient: Some(recipient.get()),
                        text: text.as_str(),
                        kind: MessageKind::Text,
                        reply_to: None,
                        attachment: None,
                        at: new.created_at,
                    };
                    let Posted { message, .. } = post(conn, &posting)?;
                    Some(message)
                }
                None => None,
            };
            let scope = AccessScope::of(&Actor::new(new.created_by, new.creator_role));
            let view = shown(conn, id, &scope)?;
            Ok(Applied::to(id, view).with_message(message))
        },
    )
}

/// A thread that a commit has written, as its viewer sees it.
fn shown(conn: &mut Conn, id: i64, scope: &AccessScope) -> Result<ThreadView, Failure> {
    let rows = row(conn, id)?.into_iter().collect();
    views(conn, rows, scope)?.pop().ok_or(Failure::STALE)
}

/// The same for somebody in their present role.
fn shown_to(conn: &mut Conn, id: i64, viewer: UserId) -> Result<ThreadView, Failure> {
    let viewer = people::user(conn, viewer)?.ok_or(Failure::STALE)?;
    shown(conn, id, &AccessScope::of(&Actor::from(&viewer)))
}

/// Makes an instant the latest activity of a thread, for the thread's list and each person's.
fn touch(conn: &mut Conn, thread: i64, at: At) -> Result<(), Failure> {
    diesel::update(thread_participants::table.filter(thread_participants::thread_id.eq(thread)))
        .set(thread_participants::updated_at.eq(at))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update_thread(
    conn: &mut Conn,
    c: Commit<ThreadUpdate>,
) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, update| {
            let id = update.thread.get();
            preconditions::hold_thread(conn, id)?;
            let before = row(conn, id)?.ok_or(Failure::STALE)?;
            let at = At::from(update.at);
            let subject = update
                .subject
                .map_or(before.subject, SubjectLine::into_string);
            let changed = diesel::update(threads::table.find(id))
                .set((
                    threads::subject.eq(subject),
                    threads::is_active.eq(update.is_active.unwrap_or(before.is_active)),
                    threads::updated_at.eq(at),
                ))
                .execute(conn)?;
            exactly_one(changed)?;
            touch(conn, id, at)?;
            Ok(Applied::to(id, shown_to(conn, id, update.viewer)?))
        },
    )
}

pub(super) fn add_participant(
    conn: &mut Conn,
    c: Commit<ParticipantAddition>,
) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, addition| {
            let (id, user) = (addition.thread.get(), addition.user.get());
            preconditions::hold_thread(conn, id)?.ok_or(Failure::STALE)?;
            let is_new = !preconditions::participates(conn, id, user)?;
            if is_new {
                let thread = row(conn, id)?.ok_or(Failure::STALE)?;
                diesel::insert_into(thread_participants::table)
                    .values(SeatInsert::new(id, user, true, thread.updated_at))
                    .on_conflict((thread_participants::thread_id, thread_participants::user_id))
                    .do_update()
                    .set(thread_participants::participates.eq(true))
                    .execute(conn)?;
            }
            let view = shown_to(conn, id, addition.viewer)?;
            Ok(if is_new {
                Applied::to(id, view)
            } else {
                Applied::already(id, view)
            })
        },
    )
}

pub(super) fn remove_participant(
    conn: &mut Conn,
    c: Commit<ParticipantRemoval>,
) -> Result<bool, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, removal| {
            let (id, user) = (removal.thread.get(), removal.user.get());
            preconditions::hold_thread(conn, id)?.ok_or(Failure::STALE)?;
            let removed = diesel::update(
                thread_participants::table
                    .find((id, user))
                    .filter(thread_participants::participates.eq(true)),
            )
            .set(thread_participants::participates.eq(false))
            .execute(conn)?;
            Ok(match removed {
                0 => Applied::nothing(false),
                _ => Applied::to(id, true),
            })
        },
    )
}

/// Adds somebody to every non-private thread of a subject that they are not in. The caller holds
/// the subject, so that no thread is opened on it meanwhile.
pub(super) fn join_all(conn: &mut Conn, reference: &SubjectRef, user: i64) -> Result<(), Failure> {
    let kind = reference.content_type.as_str();
    let held: Vec<i64> = for_change!(
        threads::table
            .filter(threads::object_id.eq(reference.object_id))
            .filter(threads::content_type.eq(kind))
            .filter(threads::is_private.eq(false))
            .select(threads::id)
            .order(threads::id)
    )
    .load(conn)?;
    if held.is_empty() {
        return Ok(());
    }
    let seats = threads::table
        .filter(threads::object_id.eq(reference.object_id))
        .filter(threads::content_type.eq(kind))
        .filter(threads::is_private.eq(false))
        .select((
            threads::id,
            user.into_sql::<diesel::sql_types::BigInt>(),
            true.into_sql::<diesel::sql_types::Bool>(),
            threads::updated_at,
            0_i64.into_sql::<diesel::sql_types::BigInt>(),
            0_i64.into_sql::<diesel::sql_types::BigInt>(),
            0_i64.into_sql::<diesel::sql_types::BigInt>(),
        ));
    diesel::insert_into(thread_participants::table)
        .values(seats)
        .into_columns((
            thread_participants::thread_id,
            thread_participants::user_id,
            thread_participants::participates,
            thread_participants::updated_at,
            thread_participants::sent_count,
            thread_participants::read_count,
            thread_participants::sent_read_count,
        ))
        .on_conflict((thread_participants::thread_id, thread_participants::user_id))
        .do_update()
        .set(thread_participants::participates.eq(excluded(thread_participants::participates)))
        .execute(conn)?;
    Ok(())
}

/// Gives somebody who was never in a thread a row there, for a mark or a count.
pub(super) fn take_note_of(conn: &mut Conn, thread: i64, user: i64, at: At) -> Result<(), Failure> {
    diesel::insert_into(thread_participants::table)
        .values(SeatInsert::new(thread, user, false, at))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

/// The seat of one person.
pub(super) fn seat(conn: &mut Conn, thread: i64, user: i64) -> Result<Option<Seat>, Failure> {
    Ok(thread_participants::table
        .find((thread, user))
        .select(Seat::as_select())
        .first(conn)
        .optional()?)
}
