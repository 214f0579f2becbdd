//! The facts about a thread that decisions rest on.

use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::ThreadContext;
use diesel::prelude::*;

use super::Conn;
use super::rows::schema::{subjects, thread_participants, threads};
use super::rows::subjects::{parties, subject_ref};
use crate::error::Failure;

type ContextRow = (
    (i64, String, i64, String, bool, i64),
    (i64, Option<i64>),
    Option<bool>,
);

pub(super) fn thread_context(
    conn: &mut Conn,
    id: ThreadId,
    person: UserId,
) -> Result<Option<ThreadContext>, Failure> {
    let row: Option<ContextRow> = threads::table
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
