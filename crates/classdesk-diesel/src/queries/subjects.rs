//! Subjects and their parties.

use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectPut, SubjectRef, SubjectRepository};
use classdesk_domain::text::Title;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Conn;
use super::commit::commit;
use super::participants::change_parties;
use super::port::port;
use super::rows::schema::{bundles, subjects, threads, tickets};
use super::rows::subjects::PartiesRow;
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome, exactly_one};

port! {
    impl SubjectRepository {
        read subject(reference: &SubjectRef = reference.clone()) -> Option<Subject>;
        write put_subject(commit: Commit<SubjectPut>) -> Subject;
        write delete_subject(commit: Commit<SubjectRef>) -> bool;
    }
}

/// The kind of the subjects that are bundles.
pub(super) const BUNDLE: &str = "class_bundle";

fn subject(conn: &mut Conn, reference: SubjectRef) -> Result<Option<Subject>, Failure> {
    let found: Option<(PartiesRow, String, i64)> = subjects::table
        .find((reference.content_type.as_str(), reference.object_id))
        .select((PartiesRow::as_select(), subjects::label, subjects::version))
        .first(conn)
        .optional()?;
    Ok(found.map(|(parties, label, version)| Subject {
        reference,
        parties: parties.into(),
        label: Title::from_stored(label),
        version,
    }))
}

/// The parties of a subject, if there is such a subject.
pub(super) fn parties_of(
    conn: &mut Conn,
    reference: &SubjectRef,
) -> Result<Option<Parties>, Failure> {
    let found = subjects::table
        .find((reference.content_type.as_str(), reference.object_id))
        .select(PartiesRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.map(Parties::from))
}

/// Inserts the row of a subject that is not there yet.
pub(super) fn insert_subject(conn: &mut Conn, subject: &Subject) -> Result<usize, Failure> {
    Ok(diesel::insert_into(subjects::table)
        .values((
            subjects::content_type.eq(subject.reference.content_type.as_str()),
            subjects::object_id.eq(subject.reference.object_id),
            subjects::client_id.eq(subject.parties.client.get()),
            subjects::assigned_writer_id.eq(subject.parties.assigned_writer.map(|id| id.get())),
            subjects::label.eq(subject.label.as_str()),
            subjects::version.eq(subject.version),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?)
}

fn put_subject(conn: &mut Conn, c: Commit<SubjectPut>) -> Result<Subject, Failure> {
    let target = LockTarget::Subject(c.change.subject.reference.clone());
    commit(conn, c, Some(target), |conn, put| {
        let SubjectPut {
            subject: mut new,
            before,
            joins,
            at: _,
        } = put;
        if subject(conn, new.reference.clone())? != before {
            return Err(Failure::STALE);
        }
        if let Some(before) = &before {
            new.version = before.version + 1;
        }
        let written = match &before {
            // On a conflict another client registered it a moment ago.
            None => insert_subject(conn, &new)?,
            Some(_) => diesel::update(
                subjects::table
                    .find((new.reference.content_type.as_str(), new.reference.object_id)),
            )
            .set((
                subjects::client_id.eq(new.parties.client.get()),
                subjects::assigned_writer_id.eq(new.parties.assigned_writer.map(|id| id.get())),
                subjects::label.eq(new.label.as_str()),
                subjects::version.eq(new.version),
            ))
            .execute(conn)?,
        };
        exactly_one(written)?;
        if before.is_some_and(|before| before.parties != new.parties) {
            change_parties(conn, &new.reference, joins)?;
        }
        Ok(Outcome::to(new.reference.object_id, new))
    })
}

fn delete_subject(conn: &mut Conn, c: Commit<SubjectRef>) -> Result<bool, Failure> {
    let target = LockTarget::Subject(c.change.clone());
    commit(conn, c, Some(target), |conn, reference| {
        if is_linked(conn, &reference)? {
            return Err(StoreError::Referenced.into());
        }
        let removed = diesel::delete(
            subjects::table.find((reference.content_type.as_str(), reference.object_id)),
        )
        .execute(conn);
        match removed {
            Ok(0) => Ok(Outcome::nothing(false)),
            Ok(_) => Ok(Outcome::to(reference.object_id, true)),
            // A thread or ticket came between the look and the removal.
            Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
                Err(StoreError::Referenced.into())
            }
            Err(error) => Err(error.into()),
        }
    })
}

fn is_linked(conn: &mut Conn, reference: &SubjectRef) -> Result<bool, Failure> {
    let (kind, object) = (reference.content_type.as_str(), reference.object_id);
    let of_threads = threads::table
        .filter(threads::object_id.eq(object))
        .filter(threads::content_type.eq(kind));
    let of_tickets = tickets::table
        .filter(tickets::object_id.eq(object))
        .filter(tickets::content_type.eq(kind));
    Ok(diesel::select(exists(of_threads)).get_result(conn)?
        || diesel::select(exists(of_tickets)).get_result(conn)?
        || match reference.as_bundle() {
            Some(bundle) => {
                diesel::select(exists(bundles::table.find(bundle.get()))).get_result(conn)?
            }
            None => false,
        })
}
