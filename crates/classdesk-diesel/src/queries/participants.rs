//! Who is or was in which thread.

use std::collections::HashMap;

use classdesk_domain::ids::UserId;
use classdesk_domain::people::Actor;
use classdesk_domain::policy::takes_part;
use classdesk_domain::subjects::SubjectRef;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::upsert::excluded;

use super::Conn;
use super::dialect::id_set;
use super::people::People;
use super::rows::schema::{subjects, thread_participants, threads, users};
use super::rows::subjects::PartiesRow;
use super::rows::thread_participants::{ParticipantInsert, ParticipantRow};
use super::rows::users::PersonRow;
use super::rows::values::At;
use crate::error::Failure;

/// Who is or was in each of some threads.
pub(super) struct Participants(HashMap<i64, Vec<ParticipantRow>>);

impl Participants {
    /// Reads them, and who they are. Only those who take part now participate.
    pub(super) fn load(conn: &mut Conn, threads: &[i64]) -> Result<(Self, People), Failure> {
        let rows: Vec<(ParticipantRow, PersonRow, bool, PartiesRow)> = thread_participants::table
            .inner_join(users::table.on(users::id.eq(thread_participants::user_id)))
            .inner_join(threads::table.on(threads::id.eq(thread_participants::thread_id)))
            .inner_join(
                subjects::table.on(subjects::content_type
                    .eq(threads::content_type)
                    .and(subjects::object_id.eq(threads::object_id))),
            )
            .filter(thread_participants::thread_id.eq_any(id_set(threads)))
            .select((
                ParticipantRow::as_select(),
                PersonRow::as_select(),
                users::is_active,
                PartiesRow::as_select(),
            ))
            .load(conn)?;
        let mut people = People::default();
        let mut participants: HashMap<_, Vec<ParticipantRow>> =
            HashMap::with_capacity(threads.len());
        for (mut row, person, is_active, parties) in rows {
            let person = person.into_domain()?;
            let actor = Actor::new(person.id, person.role);
            row.participates &= takes_part(&actor, is_active, &parties.into());
            people.insert(person);
            participants.entry(row.thread_id).or_default().push(row);
        }
        for of_thread in participants.values_mut() {
            of_thread.sort_unstable_by_key(|row| row.user_id);
        }
        Ok((Self(participants), people))
    }

    /// Those of one thread, by ascending id.
    pub(super) fn of(&self, thread: i64) -> &[ParticipantRow] {
        self.0.get(&thread).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The participant of one person.
pub(super) fn participant(
    conn: &mut Conn,
    thread: i64,
    user: i64,
) -> Result<Option<ParticipantRow>, Failure> {
    Ok(thread_participants::table
        .find((thread, user))
        .select(ParticipantRow::as_select())
        .first(conn)
        .optional()?)
}

/// Gives a person who was never in a thread a row there, for a mark or a count.
pub(super) fn upsert_participant(
    conn: &mut Conn,
    thread: i64,
    user: i64,
    at: At,
) -> Result<(), Failure> {
    diesel::insert_into(thread_participants::table)
        .values(ParticipantInsert::new(thread, user, false, at))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(())
}

/// Counts a change of a subject's parties in its threads, and adds a new writer to those that are not
/// private. The caller holds the subject, so that no thread is opened on it meanwhile.
pub(super) fn change_parties(
    conn: &mut Conn,
    reference: &SubjectRef,
    joins: Option<UserId>,
) -> Result<(), Failure> {
    let on_subject = threads::table
        .filter(threads::object_id.eq(reference.object_id))
        .filter(threads::content_type.eq(reference.content_type.as_str()));
    // A change of participants holds the thread; so does this.
    let counted = diesel::update(on_subject)
        .set(threads::version.eq(threads::version + 1))
        .execute(conn)?;
    let Some(user) = joins.filter(|_| counted > 0) else {
        return Ok(());
    };
    let open_to_all = on_subject.filter(threads::is_private.eq(false));
    let participants = open_to_all.select((
        threads::id,
        user.get().into_sql::<BigInt>(),
        true.into_sql::<Bool>(),
        threads::updated_at,
        0_i64.into_sql::<BigInt>(),
        0_i64.into_sql::<BigInt>(),
        0_i64.into_sql::<BigInt>(),
    ));
    diesel::insert_into(thread_participants::table)
        .values(participants)
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
