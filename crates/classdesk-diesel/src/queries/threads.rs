//! Threads.

use std::collections::HashMap;

use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::policy::{AccessScope, ThreadScope};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    InsertMessage, InsertThread, MessageKind, ParticipantAddition, ParticipantRemoval, ReadMark,
    Thread, ThreadContext, ThreadFilter, ThreadQuery, ThreadRepository, ThreadUpdate, ThreadView,
};
use diesel::prelude::*;

use super::filter::only;
use super::page::one_more;
use super::participants::Participants;
use super::port::port;
use super::post_message::post;
use super::read_receipts::{ReadReceipts, mark_read};
use super::rows::schema::{subjects, thread_participants, threads};
use super::rows::subjects::subject_ref;
use super::rows::thread_participants::ParticipantInsert;
use super::rows::threads::ThreadRow;
use super::rows::values::At;
use super::thread_context::{thread_context, thread_of};
use super::{Conn, messages, people, preconditions};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl ThreadRepository {
        read thread_context(id: ThreadId, person: UserId) -> Option<ThreadContext>;
        snapshot thread(id: ThreadId, scope: AccessScope) -> Option<ThreadView>;
        snapshot list_threads(query: ThreadQuery, page: PageRequest) -> Page<ThreadView>;
    }
    commits {
        open_thread(InsertThread) -> ThreadView;
        update_thread(ThreadUpdate) -> ThreadView;
        add_participant(ParticipantAddition) -> ThreadView;
        remove_participant(ParticipantRemoval) -> bool;
        mark_read(ReadMark) -> bool;
    }
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
    let (participants, mut people) = Participants::load(conn, &ids)?;
    people.add_missing(conn, rows.iter().map(|row| row.created_by))?;
    let latest: Vec<i64> = rows.iter().filter_map(|row| row.last_message_id).collect();
    let latest = messages::by_id(conn, &latest)?;
    let marks = ReadReceipts::at(conn, &latest, &participants, scope)?;
    let mut latest: HashMap<i64, _> =
        messages::into_domain(conn, latest, &participants, &mut people, &marks, scope)?
            .into_iter()
            .map(|message| (message.id.get(), message))
            .collect();
    rows.into_iter()
        .map(|row| {
            let participants = participants.of(row.id);
            let own = participants
                .iter()
                .find(|participant| participant.user_id == scope.viewer.get());
            Ok(ThreadView {
                created_by: people.get(row.created_by)?,
                participants: participants
                    .iter()
                    .filter(|participant| participant.participates)
                    .map(|participant| people.get(participant.user_id))
                    .collect::<Result<_, _>>()?,
                message_count: row.message_count,
                unread_count: own.map_or(row.message_count - row.deleted_count, |own| {
                    own.unread(row.message_count, row.deleted_count)
                }),
                last_message: row.last_message_id.and_then(|id| latest.remove(&id)),
                thread: Thread {
                    id: ThreadId::new(row.id),
                    about: subject_ref(row.content_type, row.object_id),
                    subject: SubjectLine::from_stored(row.subject),
                    is_active: row.is_active,
                    is_private: row.is_private,
                    created_at: row.created_at.into(),
                    updated_at: row.updated_at.into(),
                    version: row.version,
                },
            })
        })
        .collect()
}

fn thread(
    conn: &mut Conn,
    id: ThreadId,
    scope: AccessScope,
) -> Result<Option<ThreadView>, Failure> {
    let Some((row, parties, participates)) = thread_of(conn, id, scope.viewer)? else {
        return Ok(None);
    };
    // The same rule as in the list; of one row it needs no statement of its own for each scope.
    let in_scope = match scope.threads {
        ThreadScope::All => true,
        ThreadScope::OwnedAndJoined(client) => participates && parties.client == client,
        ThreadScope::AssignedAndJoined(writer) => {
            participates && parties.assigned_writer == Some(writer)
        }
    };
    if !in_scope {
        return Ok(None);
    }
    Ok(views(conn, vec![row], &scope)?.pop())
}

/// Filters a query of threads by what was asked for, and orders and cuts it.
///
/// A macro because the two queries it serves have types that can't be written down.
macro_rules! filtered {
    ($query:expr, $updated_at:expr, $filter:expr, $page:expr) => {{
        let mut query = $query;
        only!(query,
            threads::content_type => $filter.content_type.as_ref().map(SubjectKind::as_str),
            threads::object_id => $filter.object_id,
        );
        if let Some(unread) = $filter.unread {
            let standing = threads::message_count - threads::deleted_count;
            let count = standing.nullable()
                - thread_participants::read_count.nullable()
                - thread_participants::sent_count.nullable()
                + thread_participants::sent_read_count.nullable()
                + thread_participants::known_deleted_count.nullable();
            let never_here = thread_participants::user_id.nullable().is_null();
            query = if unread {
                query.filter(
                    count
                        .gt(0)
                        .or((never_here.and(standing.gt(0))).nullable()),
                )
            } else {
                query.filter(
                    count
                        .le(0)
                        .or((never_here.and(standing.le(0))).nullable()),
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

fn list_threads(
    conn: &mut Conn,
    ThreadQuery { scope, filter }: ThreadQuery,
    page: PageRequest,
) -> Result<Page<ThreadView>, Failure> {
    let rows: Vec<ThreadRow> = if filter.mine || scope.threads != ThreadScope::All {
        joined(conn, &scope, &filter, page)?
    } else {
        let participant = thread_participants::table.on(thread_participants::thread_id
            .eq(threads::id)
            .and(thread_participants::user_id.eq(scope.viewer.get())));
        let all = threads::table
            .left_join(participant)
            .select(ThreadRow::as_select())
            .into_boxed();
        filtered!(all, threads::updated_at, filter, page).load(conn)?
    };
    let page = Page::cut(rows, page.limit, |row| Cursor {
        key: row.updated_at.0,
        id: row.id,
    });
    page.try_map_all(|rows| views(conn, rows, &scope))
}

/// Threads that a person participates in, found from the person.
fn joined(
    conn: &mut Conn,
    scope: &AccessScope,
    filter: &ThreadFilter,
    page: PageRequest,
) -> Result<Vec<ThreadRow>, Failure> {
    let (person, client, writer) = match scope.threads {
        ThreadScope::All => (scope.viewer, None, None),
        ThreadScope::OwnedAndJoined(client) => (client, Some(client), None),
        ThreadScope::AssignedAndJoined(writer) => (writer, None, Some(writer)),
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
    only!(query,
        subjects::client_id => client.map(UserId::get),
        subjects::assigned_writer_id => writer.map(UserId::get),
    );
    // The same instant in two tables: the order is asked of the one whose index serves it.
    Ok(if filter.object_id.is_some() {
        filtered!(query, threads::updated_at, filter, page).load(conn)?
    } else {
        filtered!(query, thread_participants::updated_at, filter, page).load(conn)?
    })
}

fn open_thread(conn: &mut Conn, new: &InsertThread) -> Result<Outcome<ThreadView>, Failure> {
    let at = At::from(new.created_at);
    let id: i64 = diesel::insert_into(threads::table)
        .values((
            threads::content_type.eq(new.about.content_type.as_str()),
            threads::object_id.eq(new.about.object_id),
            threads::subject.eq(new.subject.as_str()),
            threads::is_active.eq(true),
            threads::is_private.eq(new.is_private),
            threads::created_by.eq(new.created_by.get()),
            threads::created_at.eq(at),
            threads::updated_at.eq(at),
            threads::message_count.eq(0),
        ))
        .returning(threads::id)
        .get_result(conn)?;
    let participants: Vec<ParticipantInsert> = new
        .participants
        .iter()
        .map(|user| ParticipantInsert::new(id, user.get(), true, at))
        .collect();
    diesel::insert_into(thread_participants::table)
        .values(&participants)
        .execute(conn)?;
    let message = match &new.first_message {
        Some((text, recipient)) => {
            let first = InsertMessage {
                thread: ThreadId::new(id),
                sender: new.created_by,
                sender_role: new.creator_role,
                recipient: Some(*recipient),
                text: text.clone(),
                kind: MessageKind::Text,
                reply_to: None,
                attachment: None,
                sent_at: new.created_at,
            };
            Some(post(conn, &first)?.0.get())
        }
        None => None,
    };
    let scope = AccessScope::of(&Actor::new(new.created_by, new.creator_role));
    Ok(Outcome {
        message,
        ..Outcome::to(id, shown(conn, id, &scope)?)
    })
}

/// A thread whatever the scope.
fn row(conn: &mut Conn, id: i64) -> Result<ThreadRow, Failure> {
    threads::table
        .find(id)
        .select(ThreadRow::as_select())
        .first(conn)
        .optional()?
        .ok_or(Failure::STALE)
}

/// A thread that a commit has written, as its viewer sees it.
fn shown(conn: &mut Conn, id: i64, scope: &AccessScope) -> Result<ThreadView, Failure> {
    let row = row(conn, id)?;
    views(conn, vec![row], scope)?.pop().ok_or(Failure::STALE)
}

/// The same for a person in their present role.
fn shown_to(conn: &mut Conn, id: i64, viewer: UserId) -> Result<ThreadView, Failure> {
    let viewer = people::user(conn, viewer)?.ok_or(Failure::STALE)?;
    shown(conn, id, &AccessScope::of(&Actor::from(&viewer)))
}

fn update_thread(conn: &mut Conn, update: &ThreadUpdate) -> Result<Outcome<ThreadView>, Failure> {
    let id = update.thread.get();
    let at = At::from(update.at);
    preconditions::lock_thread(conn, id)?;
    let changed = diesel::update(threads::table.find(id))
        .set((
            (update.subject.as_ref()).map(|subject| threads::subject.eq(subject.as_str())),
            update
                .is_active
                .map(|is_active| threads::is_active.eq(is_active)),
            threads::updated_at.eq(at),
            threads::version.eq(threads::version + 1),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    // The thread's latest activity stands in each person's row too.
    diesel::update(thread_participants::table.filter(thread_participants::thread_id.eq(id)))
        .set(thread_participants::updated_at.eq(at))
        .execute(conn)?;
    Ok(Outcome::to(id, shown_to(conn, id, update.viewer)?))
}

fn add_participant(
    conn: &mut Conn,
    addition: &ParticipantAddition,
) -> Result<Outcome<ThreadView>, Failure> {
    let (id, user) = (addition.thread.get(), addition.user.get());
    preconditions::lock_thread(conn, id)?.ok_or(Failure::STALE)?;
    if preconditions::participates(conn, id, user)? {
        return Ok(Outcome::already(id, shown_to(conn, id, addition.viewer)?));
    }
    let updated_at = row(conn, id)?.updated_at;
    diesel::insert_into(thread_participants::table)
        .values(ParticipantInsert::new(id, user, true, updated_at))
        .on_conflict((thread_participants::thread_id, thread_participants::user_id))
        .do_update()
        .set(thread_participants::participates.eq(true))
        .execute(conn)?;
    count_change(conn, id)?;
    Ok(Outcome::to(id, shown_to(conn, id, addition.viewer)?))
}

fn remove_participant(
    conn: &mut Conn,
    removal: &ParticipantRemoval,
) -> Result<Outcome<bool>, Failure> {
    let (id, user) = (removal.thread.get(), removal.user.get());
    preconditions::lock_thread(conn, id)?.ok_or(Failure::STALE)?;
    let removed = diesel::update(
        thread_participants::table
            .find((id, user))
            .filter(thread_participants::participates.eq(true)),
    )
    .set(thread_participants::participates.eq(false))
    .execute(conn)?;
    if removed == 0 {
        return Ok(Outcome::nothing(false));
    }
    count_change(conn, id)?;
    Ok(Outcome::to(id, true))
}

/// Counts a change of a thread's participants.
fn count_change(conn: &mut Conn, id: i64) -> Result<(), Failure> {
    let counted = diesel::update(threads::table.find(id))
        .set(threads::version.eq(threads::version + 1))
        .execute(conn)?;
    exactly_one(counted)
}
