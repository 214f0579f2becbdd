//! What people are assigned to, and how they are taken off it.

use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::people::{AssignedTicket, Assignments, Release};
use classdesk_domain::subjects::{Parties, SubjectRef};
use classdesk_domain::tickets::TicketStatus;
use diesel::prelude::*;

use super::Conn;
use super::dialect::{for_update, id_set};
use super::rows::schema::{bundles, subjects, threads, tickets};
use super::rows::subjects::{PartiesRow, subject_ref};
use super::rows::values::At;
use crate::error::Failure;

/// The tickets of a person that are not closed.
///
/// A macro because the type of the query can't be written down.
macro_rules! open_tickets {
    ($user:expr) => {
        tickets::table
            .filter(tickets::assigned_to.eq($user.get()))
            .filter(tickets::status.ne(TicketStatus::Closed.as_str()))
    };
}

pub(super) fn assignments(
    conn: &mut Conn,
    user: UserId,
    limit: usize,
) -> Result<Assignments, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found: Vec<(i64, i64, Option<String>, Option<i64>)> = open_tickets!(user)
        .select((
            tickets::id,
            tickets::requester_id,
            tickets::content_type,
            tickets::object_id,
        ))
        .order(tickets::id)
        .limit(limit)
        .load(conn)?;
    let subjects: Vec<(String, i64, PartiesRow)> = subjects::table
        .filter(subjects::assigned_writer_id.eq(user.get()))
        .select((
            subjects::content_type,
            subjects::object_id,
            PartiesRow::as_select(),
        ))
        .limit(limit)
        .load(conn)?;
    let ticket =
        |(id, requester, kind, object): (i64, i64, Option<String>, Option<i64>)| AssignedTicket {
            id: TicketId::new(id),
            requester: UserId::new(requester),
            about: kind
                .zip(object)
                .map(|(kind, object)| subject_ref(kind, object)),
        };
    let subject = |(kind, object, parties): (String, i64, PartiesRow)| {
        (subject_ref(kind, object), parties.into())
    };
    let mut subjects: Vec<(SubjectRef, Parties)> = subjects.into_iter().map(subject).collect();
    // A database may have another order of words.
    subjects.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Assignments {
        tickets: found.into_iter().map(ticket).collect(),
        subjects,
    })
}

/// Takes a person off what is named. The caller holds the person, so that nothing more is assigned
/// to them meanwhile.
pub(super) fn release(conn: &mut Conn, user: UserId, release: Release) -> Result<(), Failure> {
    // In the order in which preconditions are held: subjects, bundles and threads before tickets.
    if let Some(named) = release.subjects {
        release_subjects(conn, user, &named, release.at.into())?;
    }
    if let Some(named) = release.tickets {
        let mut left: Vec<i64> = diesel::update(open_tickets!(user))
            .set((
                tickets::assigned_to.eq(None::<i64>),
                tickets::updated_at.eq(At::from(release.at)),
                tickets::version.eq(tickets::version + 1),
            ))
            .returning(tickets::id)
            .get_results(conn)?;
        left.sort_unstable();
        let named = named.into_iter().map(TicketId::get);
        same(left.into_iter().eq(named))?;
    }
    Ok(())
}

fn release_subjects(
    conn: &mut Conn,
    user: UserId,
    named: &[SubjectRef],
    at: At,
) -> Result<(), Failure> {
    let of_writer = subjects::table.filter(subjects::assigned_writer_id.eq(user.get()));
    let keys = (subjects::content_type, subjects::object_id);
    let left: Vec<(String, i64)> = for_update!(of_writer.select(keys).order(keys)).load(conn)?;
    let left = left.into_iter();
    let mut left: Vec<_> = left
        .map(|(kind, object)| subject_ref(kind, object))
        .collect();
    left.sort_unstable();
    same(left == named)?;
    let bundles_left = left.iter().filter_map(SubjectRef::as_bundle);
    let bundles_left: Vec<i64> = bundles_left.map(|bundle| bundle.get()).collect();
    diesel::update(bundles::table.filter(bundles::id.eq_any(id_set(&bundles_left))))
        .set((
            bundles::updated_at.eq(at),
            bundles::version.eq(bundles::version + 1),
        ))
        .execute(conn)?;
    // While they are still the writer: by that the threads are found.
    count_in_threads(conn, user)?;
    diesel::update(of_writer)
        .set((
            subjects::assigned_writer_id.eq(None::<i64>),
            subjects::version.eq(subjects::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Counts in the threads of all subjects of a writer that they have another one, or none.
fn count_in_threads(conn: &mut Conn, writer: UserId) -> Result<(), Failure> {
    let of_writer: Vec<i64> = threads::table
        .inner_join(
            subjects::table.on(subjects::content_type
                .eq(threads::content_type)
                .and(subjects::object_id.eq(threads::object_id))),
        )
        .filter(subjects::assigned_writer_id.eq(writer.get()))
        .select(threads::id)
        .load(conn)?;
    diesel::update(threads::table.filter(threads::id.eq_any(id_set(&of_writer))))
        .set(threads::version.eq(threads::version + 1))
        .execute(conn)?;
    Ok(())
}

/// The person is assigned to what was decided on, or the decision is stale.
fn same(holds: bool) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::STALE) }
}
