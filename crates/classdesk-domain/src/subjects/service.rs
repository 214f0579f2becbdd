//! Subjects that live in another system.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent};
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::policy::authorize::authorize;
use crate::policy::permission::{Permission, SubjectAction};
use crate::store::commit::Commit;
use crate::use_case::{
    active_client, active_writer, actor_is_active, both, retry_on_stale, user_is_active,
};
use crate::validation::{FieldError, Invalid, Validated};

use super::model::{Parties, PutSubject, Subject, SubjectRef};
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
        authorize(
            actor,
            &Permission::Subject(SubjectAction::See, parties_of(found.as_ref())),
        )
        .require()?;
        found.ok_or(Error::NotFound)
    }

    /// Registers a subject, or changes one. A new writer joins its non-private threads.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn put(
        &self,
        actor: &Actor,
        reference: &SubjectRef,
        draft: impl Into<Validated<PutSubject>>,
    ) -> Result<Registered, Error> {
        let draft = draft.into();
        retry_on_stale!(self.users, actor, self.try_put(actor, reference, &draft))
    }

    async fn try_put(
        &self,
        actor: &Actor,
        reference: &SubjectRef,
        draft: &Validated<PutSubject>,
    ) -> Result<Registered, Error> {
        let before = self.manageable(actor, reference).await?;
        let wish = draft.as_result()?;
        let present = parties_of(before.as_ref());
        // Parties that stay need not be active any more.
        let former_client = present.map(|parties| parties.client);
        let client = Some(wish.client_id).filter(|client| former_client != Some(*client));
        let former_writer = present.and_then(|parties| parties.assigned_writer);
        let joins = wish
            .assigned_writer_id
            .filter(|writer| former_writer != Some(*writer));
        let named: Vec<_> = client.into_iter().chain(joins).collect();
        let people = self.users.users(&named).await?;
        let (client, writer) = both(
            client
                .map(|id| active_client(&people, id, "client_id"))
                .transpose(),
            joins
                .map(|id| active_writer(&people, id, "assigned_writer_id"))
                .transpose(),
        )?;
        let parties = Parties {
            client: wish.client_id,
            assigned_writer: wish.assigned_writer_id,
        };
        let subject = Subject {
            reference: reference.clone(),
            parties,
            label: wish.label.clone(),
        };
        if before.as_ref() == Some(&subject) {
            return Ok(Registered::Changed(subject));
        }
        let now = self.clock.now();
        let new = before.is_none();
        let event = if new {
            DomainEvent::SubjectRegistered {
                subject: reference.clone(),
                parties,
            }
        } else {
            DomainEvent::SubjectChanged {
                subject: reference.clone(),
                parties,
            }
        };
        let commit = Commit::new(SubjectPut {
            subject,
            before,
            joins,
            at: now,
        })
        .require(actor_is_active(actor))
        .require_all(client.map(user_is_active))
        .require_all(writer.map(user_is_active))
        .with_event(NewEvent::new(now, Some(actor.id), event));
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
    /// [`Error::NotFound`], [`Error::Forbidden`], and
    /// [`Conflict::SubjectInUse`](crate::error::Conflict::SubjectInUse).
    pub async fn delete(&self, actor: &Actor, reference: &SubjectRef) -> Result<(), Error> {
        retry_on_stale!(self.users, actor, self.try_delete(actor, reference))
    }

    async fn try_delete(&self, actor: &Actor, reference: &SubjectRef) -> Result<(), Error> {
        self.manageable(actor, reference)
            .await?
            .ok_or(Error::NotFound)?;
        let removed = DomainEvent::SubjectRemoved {
            subject: reference.clone(),
        };
        let commit = Commit::new(reference.clone())
            .require(actor_is_active(actor))
            .with_event(NewEvent::new(self.clock.now(), Some(actor.id), removed));
        if self.subjects.delete_subject(commit).await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }

    /// The subject as it is, once it is sure that the actor may register, change or remove it.
    async fn manageable(
        &self,
        actor: &Actor,
        reference: &SubjectRef,
    ) -> Result<Option<Subject>, Error> {
        let found = self.subjects.subject(reference).await?;
        authorize(
            actor,
            &Permission::Subject(SubjectAction::Manage, parties_of(found.as_ref())),
        )
        .require()?;
        if reference.content_type.is_native() {
            return Err(Invalid::field("content_type", FieldError::NativeSubject).into());
        }
        Ok(found)
    }
}

fn parties_of(subject: Option<&Subject>) -> Option<Parties> {
    subject.map(|subject| subject.parties)
}
