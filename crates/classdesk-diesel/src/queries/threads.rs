//! Threads.

use std::collections::HashMap;

use async_trait::async_trait;
use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::policy::{AccessScope, ThreadScope};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    InsertThread, MessageKind, ParticipantAddition, ParticipantRemoval, ReadMark, Thread,
    ThreadContext, ThreadFilter, ThreadQuery, ThreadRepository, ThreadUpdate, ThreadView,
};
use diesel::prelude::*;

use super::commit::commit;
use super::messages::by_id;
use super::page::one_more;
use super::participants::participants;
use super::post_message::{NewPost, Posted, post};
use super::read_receipts::{ReadReceipts, mark_read};
use super::rows::schema::{subjects, thread_participants, threads};
use super::rows::subjects::subject_ref;
use super::rows::thread_participants::ParticipantInsert;
use super::rows::threads::{ThreadInsert, ThreadRow};
use super::rows::values::At;
use super::thread_context::thread_context;
use super::{Conn, Database, messages, people, preconditions};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl ThreadRepository for Database {
    async fn thread_context(
        &self,
        id: ThreadId,
        person: UserId,
    ) -> Result<Option<ThreadContext>, StoreError> {
        self.read(move |conn| thread_context(conn, id, person))
            .await
    }

    async fn thread(
        &self,
        id: ThreadId,
        scope: AccessScope,
    ) -> Result<Option<ThreadView>, StoreError> {
        self.snapshot(move |conn| thread(conn, id, &scope)).await
    }

    async fn list_threads(
        &self,
        query: ThreadQuery,
        page: PageRequest,
    ) -> Result<Page<ThreadView>, StoreError> {
        self.snapshot(move |conn| list_threads(conn, &query.scope, &query.filter, page))
            .await
    }

    async fn open_thread(&self, commit: Commit<InsertThread>) -> Result<ThreadView, StoreError> {
        self.write(move |conn| open_thread(conn, commit)).await
    }

    async fn update_thread(&self, commit: Commit<ThreadUpdate>) -> Result<ThreadView, StoreError> {
        self.write(move |conn| update_thread(conn, commit)).await
    }

    async fn add_participant(
        &self,
        commit: Commit<ParticipantAddition>,
    ) -> Result<ThreadView, StoreError> {
        self.write(move |conn| add_participant(conn, commit)).await
    }

    async fn remove_participant(
        &self,
        commit: Commit<ParticipantRemoval>,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| remove_participant(conn, commit))
            .await
    }

    async fn mark_read(&self, commit: Commit<ReadMark>) -> Result<bool, StoreError> {
        self.write(move |conn| mark_read(conn, commit)).await
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
    let (participants, mut people) = participants(conn, &ids)?;
    people.add_missing(conn, rows.iter().map(|row| row.created_by))?;
    let latest: Vec<i64> = rows.iter().filter_map(|row| row.last_message_id).collect();
    let latest = by_id(conn, &latest)?;
    let marks = ReadReceipts::at(conn, &latest, &participants, scope)?;
    let mut latest: HashMap<i64, _> =
        messages::into_domain(conn, latest, &participants, &mut people, &marks, scope)?
            .into_iter()
            .map(|message| (message.id.get(), message))
            .collect();
    rows.into_iter()
        .map(|row| {
            let participants = participants
                .get(&row.id)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let own = participants
                .iter()
                .find(|participant| participant.user == scope.viewer.get());
            let participants = participants
                .iter()
                .filter(|participant| participant.participates);
            Ok(ThreadView {
                created_by: people.get(row.created_by)?,
                participants: participants
                    .map(|participant| people.get(participant.user))
                    .collect::<Result<_, _>>()?,
                message_count: row.message_count,
                unread_count: own.map_or(row.message_count, |participant| {
                    participant.unread(row.message_count)
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

fn thread(
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

fn list_threads(
    conn: &mut Conn,
    scope: &AccessScope,
    filter: &ThreadFilter,
    page: PageRequest,
) -> Result<Page<ThreadView>, Failure> {
    let rows: Vec<ThreadRow> = if filter.mine || scope.threads != ThreadScope::All {
        joined(conn, scope, filter, page)?
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

fn open_thread(conn: &mut Conn, c: Commit<InsertThread>) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
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
                    let posting = NewPost {
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
            Ok(Outcome::to(id, view).with_message(message))
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

fn update_thread(conn: &mut Conn, c: Commit<ThreadUpdate>) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, update| {
            let id = update.thread.get();
            preconditions::lock_thread(conn, id)?;
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
            Ok(Outcome::to(id, shown_to(conn, id, update.viewer)?))
        },
    )
}

fn add_participant(conn: &mut Conn, c: Commit<ParticipantAddition>) -> Result<ThreadView, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, addition| {
            let (id, user) = (addition.thread.get(), addition.user.get());
            preconditions::lock_thread(conn, id)?.ok_or(Failure::STALE)?;
            let is_new = !preconditions::participates(conn, id, user)?;
            if is_new {
                let thread = row(conn, id)?.ok_or(Failure::STALE)?;
                diesel::insert_into(thread_participants::table)
                    .values(ParticipantInsert::new(id, user, true, thread.updated_at))
                    .on_conflict((thread_participants::thread_id, thread_participants::user_id))
                    .do_update()
                    .set(thread_participants::participates.eq(true))
                    .execute(conn)?;
            }
            let view = shown_to(conn, id, addition.viewer)?;
            Ok(if is_new {
                Outcome::to(id, view)
            } else {
                Outcome::already(id, view)
            })
        },
    )
}

fn remove_participant(conn: &mut Conn, c: Commit<ParticipantRemoval>) -> Result<bool, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, removal| {
            let (id, user) = (removal.thread.get(), removal.user.get());
            preconditions::lock_thread(conn, id)?.ok_or(Failure::STALE)?;
            let removed = diesel::update(
                thread_participants::table
                    .find((id, user))
                    .filter(thread_participants::participates.eq(true)),
            )
            .set(thread_participants::participates.eq(false))
            .execute(conn)?;
            Ok(match removed {
                0 => Outcome::nothing(false),
                _ => Outcome::to(id, true),
            })
        },
    )
}
