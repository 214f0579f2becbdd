//! The facts about a thread that decisions rest on.

use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::subjects::Parties;
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::ThreadContext;
use diesel::prelude::*;

use super::Conn;
use super::rows::schema::{subjects, thread_participants, threads};
use super::rows::subjects::{PartiesRow, subject_ref};
use super::rows::threads::ThreadRow;
use crate::error::Failure;

/// A thread with its parties, and whether a person participates in it.
pub(super) fn thread_of(
    conn: &mut Conn,
    id: ThreadId,
    person: UserId,
) -> Result<Option<(ThreadRow, Parties, bool)>, Failure> {
    let row: Option<(ThreadRow, PartiesRow, Option<bool>)> = threads::table
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
            ThreadRow::as_select(),
            PartiesRow::as_select(),
            thread_participants::participates.nullable(),
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(thread, parties, participates)| {
        (thread, parties.into(), participates.unwrap_or(false))
    }))
}

pub(super) fn thread_context(
    conn: &mut Conn,
    id: ThreadId,
    person: UserId,
) -> Result<Option<ThreadContext>, Failure> {
    let found = thread_of(conn, id, person)?;
    Ok(found.map(|(thread, parties, participates)| ThreadContext {
        id,
        about: subject_ref(thread.content_type, thread.object_id),
        parties,
        created_by: UserId::new(thread.created_by),
        subject: SubjectLine::from_stored(thread.subject),
        is_active: thread.is_active,
        participates,
        version: thread.version,
    }))
}
