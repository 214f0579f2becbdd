//! Subjects that live in another system.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Conflict, Error};
use crate::events::model::DomainEvent;
use crate::external_id::ExternalId;
use crate::people::model::{Actor, Role, User};
use crate::people::ports::UserRepository;
use crate::policy::permission::{Permission, SubjectAction};
use crate::request_context::{Present, RequestContext};
use crate::store::commit::{Commit, Versioned};
use crate::use_case::{active_in_role, both, retry_on_stale, user_is_active};
use crate::validation::{FieldError, Invalid, Validated};

use super::model::{Parties, PutSubject, Subject, SubjectKind, SubjectRef};
use super::ports::{SubjectPut, SubjectRepository};

/// Registering, reading and removing subjects (docs/contract.md#registered-subjects).
#[derive(Clone)]
pub struct Subjects {
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Whether [`Subjects::put`] registered a subject or changed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It was not there before.
    New(Subject),
    /// It was there and is now like this.
    Changed(Subject),
}

impl Subjects {
    /// One subject, for its parties and staff.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, reference: &SubjectRef) -> Result<Subject, Error> {
        let found = self.subjects.subject(reference).await?;
        let parties = parties_of(found.as_ref());
        actor.require(Permission::Subject(SubjectAction::See, parties))?;
        found.ok_or(Error::NotFound)
    }

    /// Which subject of a kind another system knows by this id. It asks no right: what is then done
    /// with the subject does.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn with_external_id(
        &self,
        kind: &SubjectKind,
        id: &ExternalId,
    ) -> Result<SubjectRef, Error> {
        let found = self.subjects.subject_by_external_id(kind, id).await?;
        found
            .map(|subject| subject.reference)
            .ok_or(Error::NotFound)
    }

    /// Registers a subject, or changes one. A new writer joins its non-private threads.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn put(
        &self,
        by: impl Into<RequestContext>,
        reference: &SubjectRef,
        draft: impl Into<Validated<PutSubject>>,
    ) -> Result<Registered, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, async {
            let before = self.manageable(&by.actor, reference).await?;
            self.try_put(&by, reference, None, before, &draft).await
        })
    }

    /// The same with the subject that another system knows by this id. A new one is given the next
    /// number of its kind.
    ///
    /// # Errors
    /// As [`Subjects::put`].
    pub async fn put_external(
        &self,
        by: impl Into<RequestContext>,
        kind: &SubjectKind,
        id: &ExternalId,
        draft: impl Into<Validated<PutSubject>>,
    ) -> Result<Registered, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let before = self.subjects.subject_by_external_id(kind, id).await?;
            authorize_manage(actor, kind, before.as_ref())?;
            let reference = match &before {
                Some(subject) => subject.reference.clone(),
                None => {
                    let number = self.subjects.next_object_id(kind).await?;
                    SubjectRef::new(kind.clone(), number)
                }
            };
            let put = self.try_put(&by, &reference, Some(id), before, &draft);
            match put.await {
                // The same request at the same time registered it: then it is there by now.
                Err(Error::Conflict(Conflict::ExternalIdTaken)) => Err(Error::Contended),
                outcome => outcome,
            }
        })
    }

    /// Registers or changes the subject that was just read.
    async fn try_put(
        &self,
        by: &RequestContext,
        reference: &SubjectRef,
        external_id: Option<&ExternalId>,
        before: Option<Subject>,
        draft: &Validated<PutSubject>,
    ) -> Result<Registered, Error> {
        let wish = draft.as_result()?;
        by.conditions.check(present(before.as_ref()))?;
        let parties = Parties {
            client: wish.client_id,
            assigned_writer: wish.assigned_writer_id,
        };
        let (client, writer) = self.newcomers(before.as_ref(), parties).await?;
        let at = self.clock.now();
        let (external_id, version) = match &before {
            Some(before) => (before.external_id.clone(), before.version),
            None => (external_id.cloned(), at.micros()),
        };
        let subject = Subject {
            reference: reference.clone(),
            external_id,
            parties,
            label: wish.label.clone(),
            version,
        };
        if before.as_ref() == Some(&subject) {
            return Ok(Registered::Changed(subject));
        }
        let new = before.is_none();
        let subject_ref = reference.clone();
        let event = if new {
            DomainEvent::SubjectRegistered {
                subject: subject_ref,
                parties,
            }
        } else {
            DomainEvent::SubjectChanged {
                subject: subject_ref,
                parties,
            }
        };
        let put = SubjectPut {
            subject,
            before,
            joins: writer.as_ref().map(|writer| writer.id),
            at,
        };
        let commit = Commit::by(by, at, put, [event])
            .require_all(client.as_ref().map(user_is_active))
            .require_all(writer.as_ref().map(user_is_active));
        let stored = self.subjects.put_subject(commit).await?;
        Ok(if new {
            Registered::New(stored)
        } else {
            Registered::Changed(stored)
        })
    }

    /// Removes a subject that nothing links to.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::PreconditionFailed`], and
    /// [`Conflict::SubjectInUse`](crate::error::Conflict::SubjectInUse).
    pub async fn delete(
        &self,
        by: impl Into<RequestContext>,
        reference: &SubjectRef,
    ) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        let was_there = retry_on_stale!(self.users, actor, async {
            let found = self.manageable(actor, reference).await?;
            let version = found.ok_or(Error::NotFound)?.version;
            by.check_version(version)?;
            let subject = reference.clone();
            let removed = DomainEvent::SubjectRemoved {
                subject: subject.clone(),
            };
            let same = Versioned::Subject(subject.clone()).at(version);
            let commit = Commit::by(&by, self.clock.now(), subject, [removed]).require(same);
            Ok(self.subjects.delete_subject(commit).await?)
        })?;
        was_there.then_some(()).ok_or(Error::NotFound)
    }

    /// The client and the writer who are new to the subject. Parties that stay need not be active
    /// any more.
    async fn newcomers(
        &self,
        before: Option<&Subject>,
        parties: Parties,
    ) -> Result<(Option<User>, Option<User>), Error> {
        let former = parties_of(before);
        let client = Some(parties.client).filter(|id| former.is_none_or(|was| was.client != *id));
        let former_writer = former.and_then(|was| was.assigned_writer);
        let writer = parties
            .assigned_writer
            .filter(|id| former_writer != Some(*id));
        let named: Vec<_> = client.into_iter().chain(writer).collect();
        let people = self.users.users(&named).await?;
        let (client, writer) = both(
            client
                .map(|id| active_in_role(&people, id, Role::Client, "client_id"))
                .transpose(),
            writer
                .map(|id| active_in_role(&people, id, Role::Writer, "assigned_writer_id"))
                .transpose(),
        )?;
        Ok((client.cloned(), writer.cloned()))
    }

    /// The subject as it is, once it is sure that the actor may register, change or remove it.
    async fn manageable(
        &self,
        actor: &Actor,
        reference: &SubjectRef,
    ) -> Result<Option<Subject>, Error> {
        let found = self.subjects.subject(reference).await?;
        authorize_manage(actor, &reference.content_type, found.as_ref())?;
        Ok(found)
    }
}

/// Whether the actor may register, change or remove a subject, which is no bundle.
fn authorize_manage(
    actor: &Actor,
    kind: &SubjectKind,
    found: Option<&Subject>,
) -> Result<(), Error> {
    let parties = parties_of(found);
    actor.require(Permission::Subject(SubjectAction::Manage, parties))?;
    if kind.is_native() {
        return Err(Invalid::field("content_type", FieldError::NativeSubject).into());
    }
    Ok(())
}

fn present(subject: Option<&Subject>) -> Present {
    subject.map_or(Present::Nothing, |found| Present::Version(found.version))
}

fn parties_of(subject: Option<&Subject>) -> Option<Parties> {
    subject.map(|subject| subject.parties)
}
