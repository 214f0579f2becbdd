//! The use cases of threads.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::facts::{EventThread, RowId};
use crate::events::model::DomainEvent;
use crate::ids::{MessageId, ThreadId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::{Actor, User};
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::can_receive;
use crate::policy::permission::{Permission, ThreadAction};
use crate::request_context::RequestContext;
use crate::store::commit::Commit;
use crate::subjects::model::{Parties, Subject, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::use_case::{active_person, retry_on_stale, user_is_active};
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
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let subject = self.subjects.subject(about).await?.ok_or(Error::NotFound)?;
            actor.require(Permission::OpenThread(subject.parties))?;
            let new = draft.as_result()?;
            by.check_unversioned()?;
            if new.recipient_id == actor.id {
                return Err(Invalid::field("recipient_id", FieldError::RecipientIsSender).into());
            }
            let recipient = self
                .with_access(new.recipient_id, "recipient_id", &subject.parties)
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
            let commit = Commit::by(&by, now, row, opening(&subject, recipient.id, new))
                .require(subject.same_parties())
                .require(user_is_active(&recipient));
            Ok(self.threads.open_thread(commit).await?)
        })
    }

    /// An active person with access to the subject.
    async fn with_access(
        &self,
        id: UserId,
        field: &'static str,
        parties: &Parties,
    ) -> Result<User, Error> {
        let needs = Eligibility::SubjectAccess;
        active_person(&*self.users, id, field, needs, |user| {
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
        let found = self.threads.thread(id, AccessScope::of(actor)).await?;
        found.ok_or(Error::NotFound)
    }

    /// Changes the subject line, closes or reopens a thread. What is so already stays so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        id: ThreadId,
        draft: impl Into<Validated<ThreadChange>>,
    ) -> Result<ThreadView, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let facts = self.load(actor, id, ThreadAction::Change).await?;
            let change = draft.as_result()?;
            by.check_version(facts.version)?;
            let update = ThreadUpdate {
                thread: id,
                subject: change.subject.clone().filter(|new| *new != facts.subject),
                is_active: change.is_active.filter(|new| *new != facts.is_active),
                at: self.clock.now(),
                viewer: actor.id,
            };
            let events = changes(&facts, &update);
            if events.is_empty() {
                return self.get(actor, id).await;
            }
            let commit = Commit::by(&by, update.at, update, events)
                .require_all(facts.same_access(actor))
                .require(facts.same_version());
            Ok(self.threads.update_thread(commit).await?)
        })
    }

    /// Adds a participant; they must have access to the subject.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`] on `user_id`,
    /// [`Error::PreconditionFailed`] by the thread's version.
    pub async fn add_participant(
        &self,
        by: impl Into<RequestContext>,
        id: ThreadId,
        draft: impl Into<Validated<UserId>>,
    ) -> Result<ThreadView, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let action = ThreadAction::ManageParticipants;
            let facts = self.load(actor, id, action).await?;
            let user = *draft.as_result()?;
            by.check_version(facts.version)?;
            let person = self.with_access(user, "user_id", &facts.parties).await?;
            let addition = ParticipantAddition {
                thread: id,
                user,
                at: self.clock.now(),
                viewer: actor.id,
            };
            let thread = facts.in_event();
            let added = DomainEvent::ParticipantAdded { thread, user };
            let commit = Commit::by(&by, addition.at, addition, [added])
                .require(facts.same_parties())
                .require_all(by.is_conditional().then(|| facts.same_version()))
                .require(user_is_active(&person));
            Ok(self.threads.add_participant(commit).await?)
        })
    }

    /// Takes a participant off a thread.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when they are not in it; [`Error::Forbidden`];
    /// [`Error::PreconditionFailed`] by the thread's version.
    pub async fn remove_participant(
        &self,
        by: impl Into<RequestContext>,
        id: ThreadId,
        user: UserId,
    ) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        let was_in = retry_on_stale!(self.users, actor, async {
            let action = ThreadAction::ManageParticipants;
            let facts = self.load(actor, id, action).await?;
            by.check_version(facts.version)?;
            let thread = facts.in_event();
            let removed = DomainEvent::ParticipantRemoved { thread, user };
            let removal = ParticipantRemoval { thread: id, user };
            let commit = Commit::by(&by, self.clock.now(), removal, [removed])
                .require_all(by.is_conditional().then(|| facts.same_version()));
            Ok(self.threads.remove_participant(commit).await?)
        })?;
        was_in.then_some(()).ok_or(Error::NotFound)
    }

    /// Marks what is in a thread as read, up to a message or the latest one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`] on `up_to`.
    pub async fn mark_read(
        &self,
        by: impl Into<RequestContext>,
        id: ThreadId,
        draft: impl Into<Validated<Option<MessageId>>>,
    ) -> Result<(), Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        let is_here = retry_on_stale!(self.users, actor, async {
            let facts = self.load(actor, id, ThreadAction::Post).await?;
            let up_to = *draft.as_result()?;
            by.check_unversioned()?;
            let mark = ReadMark {
                thread: id,
                user: actor.id,
                up_to,
                at: self.clock.now(),
            };
            let commit = Commit::by(&by, mark.at, mark, [])
                .require(facts.same_parties())
                .require(facts.participation(actor));
            Ok(self.threads.mark_read(commit).await?)
        })?;
        if !is_here {
            return Err(Invalid::field("up_to", FieldError::NotInThread).into());
        }
        Ok(())
    }

    async fn load(
        &self,
        actor: &Actor,
        id: ThreadId,
        action: ThreadAction,
    ) -> Result<ThreadContext, Error> {
        let found = self.threads.thread_context(id, actor.id).await?;
        let facts = found.ok_or(Error::NotFound)?;
        actor.require(Permission::Thread(action, facts.access()))?;
        Ok(facts)
    }
}

/// The events of a new thread: its creation, and its first message if it has one.
fn opening(subject: &Subject, recipient: UserId, new: &NewThread) -> Vec<DomainEvent> {
    let thread = EventThread {
        id: RowId::Created,
        subject: subject.reference.clone(),
    };
    let mut events = vec![DomainEvent::ThreadCreated {
        thread: thread.clone(),
        recipient,
    }];
    if new.initial_message.is_some() {
        let message = RowId::Created;
        events.push(DomainEvent::MessageSent { message, thread });
    }
    events
}

/// One event for each value that changes.
fn changes(facts: &ThreadContext, update: &ThreadUpdate) -> Vec<DomainEvent> {
    let thread = facts.in_event();
    let renamed = update.subject.clone().map(|to| DomainEvent::ThreadChanged {
        thread: thread.clone(),
        from: facts.subject.clone(),
        to,
    });
    let moved = update.is_active.map(|opens| {
        if opens {
            DomainEvent::ThreadReopened { thread }
        } else {
            DomainEvent::ThreadClosed { thread }
        }
    });
    renamed.into_iter().chain(moved).collect()
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
