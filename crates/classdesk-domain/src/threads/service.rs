//! The use cases of threads.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::model::{DomainEvent, EventThread, NewEvent, RowId};
use crate::ids::{MessageId, ThreadId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::{Actor, User};
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::{authorize, can_receive};
use crate::policy::permission::{Permission, ThreadAction};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition};
use crate::subjects::model::{Parties, Subject, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::use_case::{active_person, actor_is_active, retry_on_stale, user_is_active};
use crate::validation::{Eligibility, FieldError, Invalid, Validated};

use super::model::{NewThread, ThreadChange, ThreadFilter, ThreadView};
use super::ports::{
    InsertThread, ParticipantAddition, ParticipantRemoval, ReadMark, ThreadContext, ThreadQuery,
    ThreadRepository, ThreadUpdate,
};

/// Opening, listing, reading and changing threads (docs/contract.md#threads-and-messages).
#[derive(Clone)]
pub struct Threads {
    pub(crate) threads: Arc<dyn ThreadRepository>,
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ThreadContext {
    /// The thread as its events name it.
    pub(super) fn in_event(&self) -> EventThread {
        EventThread {
            id: self.id.into(),
            subject: self.about.clone(),
        }
    }
}

impl Threads {
    /// Opens a thread on a subject, with a first message if one is given.
    ///
    /// In a thread are the subject's client, its writer, the recipient and the creator; in a
    /// private one the creator and the recipient alone.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] on `recipient_id` when the recipient is the sender
    /// or can't see the subject.
    pub async fn open(
        &self,
        by: impl Into<RequestContext>,
        about: &SubjectRef,
        draft: impl Into<Validated<NewThread>>,
    ) -> Result<ThreadView, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, self.try_open(by, about, &draft))
    }

    async fn try_open(
        &self,
        by: RequestContext,
        about: &SubjectRef,
        draft: &Validated<NewThread>,
    ) -> Result<ThreadView, Error> {
        let actor = &by.actor;
        let subject = self.subjects.subject(about).await?.ok_or(Error::NotFound)?;
        authorize(actor, &Permission::OpenThread(subject.parties)).require()?;
        let new = draft.as_result()?;
        let recipient = self
            .recipient(actor, new.recipient_id, &subject.parties)
            .await?;
        let now = self.clock.now();
        let row = InsertThread {
            about: about.clone(),
            subject: new
                .subject
                .clone()
                .unwrap_or_else(|| subject.default_subject_line()),
            is_private: new.is_private,
            created_by: actor.id,
            creator_role: actor.role,
            participants: participants(actor.id, recipient.id, &subject, new.is_private),
            first_message: new.initial_message.clone().map(|text| (text, recipient.id)),
            created_at: now,
        };
        let thread = EventThread {
            id: RowId::Created,
            subject: about.clone(),
        };
        let first_message = row
            .first_message
            .is_some()
            .then(|| DomainEvent::MessageSent {
                message: RowId::Created,
                thread: thread.clone(),
            });
        let created = DomainEvent::ThreadCreated {
            thread,
            recipient: recipient.id,
        };
        let events = [created].into_iter().chain(first_message);
        let commit = Commit::new(row)
            .require(actor_is_active(actor))
            .require(Precondition::Parties {
                subject: about.clone(),
                parties: subject.parties,
            })
            .require(user_is_active(&recipient))
            .with_events(events.map(|event| NewEvent::new(now, Some(actor.id), event)))
            .completing(by.completes);
        Ok(self.threads.open_thread(commit).await?)
    }

    async fn recipient(&self, actor: &Actor, id: UserId, parties: &Parties) -> Result<User, Error> {
        if id == actor.id {
            return Err(Invalid::field("recipient_id", FieldError::RecipientIsSender).into());
        }
        let needs = Eligibility::SubjectAccess;
        active_person(&*self.users, id, "recipient_id", needs, |user| {
            can_receive(&Actor::from(user), parties)
        })
        .await
    }

    /// The threads that the actor may see.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: ThreadFilter,
        page: PageRequest,
    ) -> Result<Page<ThreadView>, Error> {
        let query = ThreadQuery {
            scope: AccessScope::of(actor),
            filter,
        };
        Ok(self.threads.list_threads(query, page).await?)
    }

    /// One thread.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: ThreadId) -> Result<ThreadView, Error> {
        self.threads
            .thread(id, AccessScope::of(actor))
            .await?
            .ok_or(Error::NotFound)
    }

    /// Changes the subject line, closes or reopens a thread. What is so already stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn change(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: impl Into<Validated<ThreadChange>>,
    ) -> Result<ThreadView, Error> {
        let draft = draft.into();
        retry_on_stale!(self.users, actor, self.try_change(actor, id, &draft))
    }

    async fn try_change(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: &Validated<ThreadChange>,
    ) -> Result<ThreadView, Error> {
        let facts = self.load(actor, id, ThreadAction::Change).await?;
        let change = draft.as_result()?;
        let now = self.clock.now();
        let subject = change
            .subject
            .clone()
            .filter(|subject| *subject != facts.subject);
        let mut events = Vec::new();
        if let Some(subject) = &subject {
            events.push(DomainEvent::ThreadChanged {
                thread: facts.in_event(),
                from: facts.subject.clone(),
                to: subject.clone(),
            });
        }
        let is_active = change.is_active.filter(|open| *open != facts.is_active);
        if let Some(open) = is_active {
            let thread = facts.in_event();
            events.push(if open {
                DomainEvent::ThreadReopened { thread }
            } else {
                DomainEvent::ThreadClosed { thread }
            });
        }
        if events.is_empty() {
            return self.get(actor, id).await;
        }
        let update = ThreadUpdate {
            thread: id,
            subject,
            is_active,
            at: now,
            viewer: actor.id,
        };
        let commit = Commit::new(update)
            .require(actor_is_active(actor))
            .require_all(facts.same_access(actor))
            .require(Precondition::ThreadActive {
                thread: id,
                active: facts.is_active,
            })
            .with_events(
                events
                    .into_iter()
                    .map(|event| NewEvent::new(now, Some(actor.id), event)),
            );
        Ok(self.threads.update_thread(commit).await?)
    }

    /// Adds a participant; they must have access to the subject.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`] on `user_id`.
    pub async fn add_participant(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: impl Into<Validated<UserId>>,
    ) -> Result<ThreadView, Error> {
        let draft = draft.into();
        retry_on_stale!(
            self.users,
            actor,
            self.try_add_participant(actor, id, &draft)
        )
    }

    async fn try_add_participant(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: &Validated<UserId>,
    ) -> Result<ThreadView, Error> {
        let facts = self
            .load(actor, id, ThreadAction::ManageParticipants)
            .await?;
        let user = *draft.as_result()?;
        let needs = Eligibility::SubjectAccess;
        let person = active_person(&*self.users, user, "user_id", needs, |user| {
            can_receive(&Actor::from(user), &facts.parties)
        })
        .await?;
        let now = self.clock.now();
        let added = DomainEvent::ParticipantAdded {
            thread: facts.in_event(),
            user,
        };
        let addition = ParticipantAddition {
            thread: id,
            user,
            at: now,
            viewer: actor.id,
        };
        let commit = Commit::new(addition)
            .require(actor_is_active(actor))
            .require(facts.same_parties())
            .require(user_is_active(&person))
            .with_event(NewEvent::new(now, Some(actor.id), added));
        Ok(self.threads.add_participant(commit).await?)
    }

    /// Takes somebody off a thread.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when they are not in it; [`Error::Forbidden`].
    pub async fn remove_participant(
        &self,
        actor: &Actor,
        id: ThreadId,
        user: UserId,
    ) -> Result<(), Error> {
        retry_on_stale!(
            self.users,
            actor,
            self.try_remove_participant(actor, id, user)
        )
    }

    async fn try_remove_participant(
        &self,
        actor: &Actor,
        id: ThreadId,
        user: UserId,
    ) -> Result<(), Error> {
        let facts = self
            .load(actor, id, ThreadAction::ManageParticipants)
            .await?;
        let removed = DomainEvent::ParticipantRemoved {
            thread: facts.in_event(),
            user,
        };
        let commit = Commit::new(ParticipantRemoval { thread: id, user })
            .require(actor_is_active(actor))
            .with_event(NewEvent::new(self.clock.now(), Some(actor.id), removed));
        if self.threads.remove_participant(commit).await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }

    /// Marks what is in a thread as read, up to a message or the latest one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`] on `up_to`.
    pub async fn mark_read(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: impl Into<Validated<Option<MessageId>>>,
    ) -> Result<(), Error> {
        let draft = draft.into();
        retry_on_stale!(self.users, actor, self.try_mark_read(actor, id, &draft))
    }

    async fn try_mark_read(
        &self,
        actor: &Actor,
        id: ThreadId,
        draft: &Validated<Option<MessageId>>,
    ) -> Result<(), Error> {
        let facts = self.load(actor, id, ThreadAction::Post).await?;
        let up_to = *draft.as_result()?;
        let mark = ReadMark {
            thread: id,
            user: actor.id,
            up_to,
            at: self.clock.now(),
        };
        let commit = Commit::new(mark)
            .require(actor_is_active(actor))
            .require(facts.same_parties())
            .require(Precondition::Participant {
                thread: id,
                user: actor.id,
            });
        if self.threads.mark_read(commit).await? {
            Ok(())
        } else {
            let fault = FieldError::NotInThread;
            Err(Invalid::field("up_to", fault).into())
        }
    }

    async fn load(
        &self,
        actor: &Actor,
        id: ThreadId,
        action: ThreadAction,
    ) -> Result<ThreadContext, Error> {
        let found = self.threads.thread_context(id, actor.id).await?;
        let facts = found.ok_or(Error::NotFound)?;
        authorize(actor, &Permission::Thread(action, facts.access())).require()?;
        Ok(facts)
    }
}

/// The participants of a new thread, each once.
fn participants(
    creator: UserId,
    recipient: UserId,
    subject: &Subject,
    is_private: bool,
) -> Vec<UserId> {
    let mut all = vec![creator, recipient];
    if !is_private {
        all.push(subject.parties.client);
        all.extend(subject.parties.assigned_writer);
    }
    all.sort_unstable();
    all.dedup();
    all
}
