//! Subjects and their parties.

use async_trait::async_trait;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Subject, SubjectPut, SubjectRef, SubjectRepository};
use classdesk_domain::text::Title;
use diesel::prelude::*;

use super::commit::commit;
use super::participants::join_all;
use super::rows::schema::{bundles, subjects, threads, tickets};
use super::rows::subjects::parties;
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl SubjectRepository for Database {
    async fn subject(&self, reference: &SubjectRef) -> Result<Option<Subject>, StoreError> {
        let reference = reference.clone();
        self.read(move |conn| subject(conn, &reference)).await
    }

    async fn put_subject(&self, commit: Commit<SubjectPut>) -> Result<Subject, StoreError> {
        self.write(move |conn| put_subject(conn, commit)).await
    }

    async fn delete_subject(&self, commit: Commit<SubjectRef>) -> Result<bool, StoreError> {
        self.write(move |conn| delete_subject(conn, commit)).await
    }
}

fn subject(conn: &mut Conn, reference: &SubjectRef) -> Result<Option<Subject>, Failure> {
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

/// LockTargets the row of a subject that is not there yet.
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

fn put_subject(conn: &mut Conn, c: Commit<SubjectPut>) -> Result<Subject, Failure> {
    let targets = |put: &SubjectPut| LockTargets {
        subject: Some(put.subject.reference.clone()),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, put| {
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
            join_all(conn, &new.reference, writer.get())?;
        }
        Ok(Outcome::to(new.reference.object_id, new))
    })
}

fn delete_subject(conn: &mut Conn, c: Commit<SubjectRef>) -> Result<bool, Failure> {
    let targets = |reference: &SubjectRef| LockTargets {
        subject: Some(reference.clone()),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, reference| {
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
            0 => Outcome::nothing(false),
            _ => Outcome::to(reference.object_id, true),
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
