//! Subjects and their parties.

use classdesk_domain::ExternalId;
use classdesk_domain::store::{Commit, StoreError, Unique};
use classdesk_domain::subjects::{
    Parties, Subject, SubjectKind, SubjectPut, SubjectRef, SubjectRepository,
};
use diesel::dsl::{exists, max};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Conn;
use super::commit::commit;
use super::participants::change_parties;
use super::port::port;
use super::rows::schema::{bundles, removed_subjects, subjects, threads, tickets};
use super::rows::subjects::{PartiesRow, SubjectRow};
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome, exactly_one};

port! {
    impl SubjectRepository {
        read subject(reference: &SubjectRef = reference.clone()) -> Option<Subject>;
        read subject_by_external_id(
            kind: &SubjectKind = kind.as_str().to_owned(), id: &ExternalId = id.as_str().to_owned()
        ) -> Option<Subject>;
        snapshot next_object_id(kind: &SubjectKind = kind.as_str().to_owned()) -> i64;
        write put_subject(commit: Commit<SubjectPut>) -> Subject;
        write delete_subject(commit: Commit<SubjectRef>) -> bool;
    }
}

/// The kind of the subjects that are bundles.
pub(super) const BUNDLE: &str = "class_bundle";

fn subject(conn: &mut Conn, reference: SubjectRef) -> Result<Option<Subject>, Failure> {
    let SubjectRef {
        content_type,
        object_id,
    } = reference;
    let found: Option<SubjectRow> = subjects::table
        .find((content_type.as_str(), object_id))
        .select(SubjectRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.map(SubjectRow::into_domain))
}

fn subject_by_external_id(
    conn: &mut Conn,
    kind: String,
    id: String,
) -> Result<Option<Subject>, Failure> {
    let found: Option<SubjectRow> = subjects::table
        .filter(subjects::content_type.eq(kind))
        .filter(subjects::external_id.eq(id))
        .select(SubjectRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.map(SubjectRow::into_domain))
}

/// Numbers from here on are none that are given, so that there is always a next one.
const GREAT: i64 = 1 << 52;

fn next_object_id(conn: &mut Conn, kind: String) -> Result<i64, Failure> {
    let there: Option<i64> = subjects::table
        .filter(subjects::content_type.eq(kind.clone()))
        .filter(subjects::object_id.lt(GREAT))
        .select(max(subjects::object_id))
        .first(conn)?;
    let removed: Option<i64> = removed_subjects::table
        .find(kind)
        .select(removed_subjects::greatest)
        .first(conn)
        .optional()?;
    Ok(there.max(removed).unwrap_or(0) + 1)
}

/// Whether no subject of the kind but this one has this external id.
pub(super) fn external_id_is_free(
    conn: &mut Conn,
    subject: &SubjectRef,
    id: Option<&ExternalId>,
) -> Result<(), Failure> {
    let Some(id) = id else {
        return Ok(());
    };
    let same = subjects::table
        .filter(subjects::content_type.eq(subject.content_type.as_str()))
        .filter(subjects::external_id.eq(id.as_str()))
        .filter(subjects::object_id.ne(subject.object_id));
    if diesel::select(exists(same)).get_result(conn)? {
        return Err(StoreError::Duplicate(Unique::ExternalId).into());
    }
    Ok(())
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
pub(super) fn insert_subject(conn: &mut Conn, subject: &Subject) -> Result<(), Failure> {
    let external_id = subject.external_id.as_ref();
    let inserted = diesel::insert_into(subjects::table)
        .values((
            subjects::content_type.eq(subject.reference.content_type.as_str()),
            subjects::object_id.eq(subject.reference.object_id),
            subjects::external_id.eq(external_id.map(ExternalId::as_str)),
            subjects::client_id.eq(subject.parties.client.get()),
            subjects::assigned_writer_id.eq(subject.parties.assigned_writer.map(|id| id.get())),
            subjects::label.eq(subject.label.as_str()),
            subjects::version.eq(subject.version),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    if inserted == 0 {
        external_id_is_free(conn, &subject.reference, external_id)?;
    }
    exactly_one(inserted)
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
            new.external_id.clone_from(&before.external_id);
        }
        match &before {
            // On a conflict another client registered it a moment ago.
            None => insert_subject(conn, &new)?,
            Some(_) => {
                let updated = diesel::update(
                    subjects::table
                        .find((new.reference.content_type.as_str(), new.reference.object_id)),
                )
                .set((
                    subjects::client_id.eq(new.parties.client.get()),
                    subjects::assigned_writer_id.eq(new.parties.assigned_writer.map(|id| id.get())),
                    subjects::label.eq(new.label.as_str()),
                    subjects::version.eq(new.version),
                ))
                .execute(conn)?;
                exactly_one(updated)?;
            }
        }
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
            Ok(_) => {
                note_removed(conn, &reference)?;
                Ok(Outcome::to(reference.object_id, true))
            }
            // A thread or ticket came between the look and the removal.
            Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
                Err(StoreError::Referenced.into())
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// Keeps the number of a removed subject from being given again.
fn note_removed(conn: &mut Conn, subject: &SubjectRef) -> Result<(), Failure> {
    if subject.object_id >= GREAT {
        return Ok(());
    }
    let kind = subject.content_type.as_str();
    let before: Option<i64> = removed_subjects::table
        .find(kind)
        .select(removed_subjects::greatest)
        .first(conn)
        .optional()?;
    let greatest = removed_subjects::greatest.eq(subject.object_id.max(before.unwrap_or(0)));
    diesel::insert_into(removed_subjects::table)
        .values((removed_subjects::content_type.eq(kind), greatest))
        .on_conflict(removed_subjects::content_type)
        .do_update()
        .set(greatest)
        .execute(conn)?;
    Ok(())
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
