//! Subjects and their parties.

use classdesk_domain::ids::UserId;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectPut, SubjectRef};
use classdesk_domain::text::Title;
use diesel::prelude::*;

use super::commit::{Applied, Writes, commit, exactly_one};
use super::schema::{bundles, subjects, threads, tickets};
use super::{Conn, threads as thread_queries};
use crate::error::Failure;

/// The parties of a subject as its row has them.
pub(super) const fn parties(client: i64, writer: Option<i64>) -> Parties {
    Parties {
        client: UserId::new(client),
        assigned_writer: match writer {
            Some(writer) => Some(UserId::new(writer)),
            None => None,
        },
    }
}

pub(super) fn subject(conn: &mut Conn, reference: &SubjectRef) -> Result<Option<Subject>, Failure> {
    let found: Option<(i64, Option<i64>, String)> = subjects::table
        .find((reference.content_type.as_str(), reference.object_id))
        .select((
            subjects::client_id,
            subjects::assigned_writer_id,
            subjects::label,
        ))
        .first(conn)
        .optional()?;
    Ok(found.map(|(client, writer, label)| Subject {
        reference: reference.clone(),
        parties: parties(client, writer),
        label: Title::from_stored(label),
    }))
}

/// Writes the row of a subject that is not there yet.
pub(super) fn insert(conn: &mut Conn, subject: &Subject) -> Result<usize, Failure> {
    Ok(diesel::insert_into(subjects::table)
        .values((
            subjects::content_type.eq(subject.reference.content_type.as_str()),
            subjects::object_id.eq(subject.reference.object_id),
            subjects::client_id.eq(subject.parties.client.get()),
            subjects::assigned_writer_id.eq(subject.parties.assigned_writer.map(|id| id.get())),
            subjects::label.eq(subject.label.as_str()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?)
}

pub(super) fn put_subject(conn: &mut Conn, c: Commit<SubjectPut>) -> Result<Subject, Failure> {
    let writes = |put: &SubjectPut| Writes {
        subject: Some(put.subject.reference.clone()),
        ..Writes::default()
    };
    commit(conn, c, writes, |conn, put| {
        let SubjectPut {
            subject: new,
            before,
            joins,
            at: _,
        } = put;
        if subject(conn, &new.reference)? != before {
            return Err(Failure::STALE);
        }
        let written = match before {
            // On a conflict somebody else registered it a moment ago.
            None => insert(conn, &new)?,
            Some(_) => diesel::update(
                subjects::table
                    .find((new.reference.content_type.as_str(), new.reference.object_id)),
            )
            .set((
                subjects::client_id.eq(new.parties.client.get()),
                subjects::assigned_writer_id.eq(new.parties.assigned_writer.map(|id| id.get())),
                subjects::label.eq(new.label.as_str()),
            ))
            .execute(conn)?,
        };
        exactly_one(written)?;
        if let Some(writer) = joins {
            thread_queries::join_all(conn, &new.reference, writer.get())?;
        }
        Ok(Applied::to(new.reference.object_id, new))
    })
}

pub(super) fn delete_subject(conn: &mut Conn, c: Commit<SubjectRef>) -> Result<bool, Failure> {
    let writes = |reference: &SubjectRef| Writes {
        subject: Some(reference.clone()),
        ..Writes::default()
    };
    commit(conn, c, writes, |conn, reference| {
        if is_linked(conn, &reference)? {
            return Err(StoreError::Referenced.into());
        }
        let removed = diesel::delete(
            subjects::table.find((reference.content_type.as_str(), reference.object_id)),
        )
        .execute(conn)
        .map_err(|error| match error {
            // A thread or ticket came between the look and the removal.
            diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::ForeignKeyViolation,
                _,
            ) => StoreError::Referenced.into(),
            error => Failure::from(error),
        })?;
        Ok(match removed {
            0 => Applied::nothing(false),
            _ => Applied::to(reference.object_id, true),
        })
    })
}

fn is_linked(conn: &mut Conn, reference: &SubjectRef) -> Result<bool, Failure> {
    let kind = reference.content_type.as_str();
    let object = reference.object_id;
    let thread: Option<i64> = threads::table
        .filter(
            threads::object_id
                .eq(object)
                .and(threads::content_type.eq(kind)),
        )
        .select(threads::id)
        .first(conn)
        .optional()?;
    let ticket: Option<i64> = tickets::table
        .filter(
            tickets::object_id
                .eq(object)
                .and(tickets::content_type.eq(kind)),
        )
        .select(tickets::id)
        .first(conn)
        .optional()?;
    let bundle: Option<i64> = match reference.as_bundle() {
        Some(bundle) => bundles::table
            .find(bundle.get())
            .select(bundles::id)
            .first(conn)
            .optional()?,
        None => None,
    };
    Ok(thread.or(ticket).or(bundle).is_some())
}
