//! The use cases of tickets.

use std::sync::Arc;

use crate::blobs::ports::BlobRepository;
use crate::clock::Clock;
use crate::error::Error;
use crate::events::audit::HistoryLine;
use crate::events::model::{DomainEvent, EventTicket, NewEvent, RowId};
use crate::ids::{TicketId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::{
    authorize, can_be_assignee, depends_on_relation, may_open_ticket_for_client,
};
use crate::policy::decision::Denied;
use crate::policy::permission::{Permission, TicketAction};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition};
use crate::subjects::model::{Subject, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::text::Description;
use crate::use_case::{
    ExpectedVersion, active_person, actor_is_active, retry_on_stale, user_is_active,
};
use crate::validation::{Eligibility, FieldError, Invalid, Validated};

use super::model::{
    NewTicket, NewTicketOnSubject, Ticket, TicketChange, TicketFilter, TicketStatus,
};
use super::ports::{InsertTicket, TicketQuery, TicketRepository, TicketUpdate};

/// Creating, listing, reading and changing tickets (docs/contract.md#support-tickets).
/// Messages and files of tickets follow in the same service.
#[derive(Clone)]
pub struct Tickets {
    pub(crate) tickets: Arc<dyn TicketRepository>,
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) blob_rows: Arc<dyn BlobRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Tickets {
    /// Creates a ticket about nothing in particular.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn create(
        &self,
        by: impl Into<RequestContext>,
        draft: impl Into<Validated<NewTicket>>,
    ) -> Result<Ticket, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, async {
            authorize(&by.actor, &Permission::OpenTicket(None)).require()?;
            self.insert(by, draft.as_result()?, None, by.actor.id).await
        })
    }

    /// Creates a ticket on a subject. Staff may create it for the subject's client, who then is
    /// its requester.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn create_on(
        &self,
        by: impl Into<RequestContext>,
        about: &SubjectRef,
        draft: impl Into<Validated<NewTicketOnSubject>>,
    ) -> Result<Ticket, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, self.try_create_on(by, about, &draft))
    }

    async fn try_create_on(
        &self,
        by: RequestContext,
        about: &SubjectRef,
        draft: &Validated<NewTicketOnSubject>,
    ) -> Result<Ticket, Error> {
        let subject = self.subjects.subject(about).await?.ok_or(Error::NotFound)?;
        authorize(&by.actor, &Permission::OpenTicket(Some(subject.parties))).require()?;
        let new = draft.as_result()?;
        let requester = match new.on_behalf_of {
            None => by.actor.id,
            Some(client) => {
                may_open_ticket_for_client(&by.actor).require()?;
                if client != subject.parties.client {
                    let fault = FieldError::NotEligible(Eligibility::SubjectClient);
                    return Err(Invalid::field("on_behalf_of", fault).into());
                }
                client
            }
        };
        self.insert(by, &new.ticket, Some(&subject), requester)
            .await
    }

    async fn insert(
        &self,
        by: RequestContext,
        new: &NewTicket,
        subject: Option<&Subject>,
        requester: UserId,
    ) -> Result<Ticket, Error> {
        let now = self.clock.now();
        let created = DomainEvent::TicketCreated {
            ticket: EventTicket {
                id: RowId::Created,
                requester,
                subject: subject.map(|subject| subject.reference.clone()),
            },
        };
        let row = InsertTicket {
            ticket: new.clone(),
            description: described(new, subject),
            about: subject.map(|subject| subject.reference.clone()),
            created_by: by.actor.id,
            requester,
            created_at: now,
        };
        let parties = subject.map(|subject| Precondition::Parties {
            subject: subject.reference.clone(),
            parties: subject.parties,
        });
        let commit = Commit::new(row)
            .require(actor_is_active(&by.actor))
            .require_all(parties)
            .with_event(NewEvent::new(now, Some(by.actor.id), created))
            .completing(by.completes);
        Ok(self.tickets.create_ticket(commit).await?)
    }

    /// The tickets that the actor may see.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: TicketFilter,
        page: PageRequest,
    ) -> Result<Page<Ticket>, Error> {
        let query = TicketQuery {
            scope: AccessScope::of(actor),
            filter,
        };
        Ok(self.tickets.list_tickets(query, page).await?)
    }

    /// One ticket.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: TicketId) -> Result<Ticket, Error> {
        self.load(actor, id, TicketAction::See).await
    }

    /// Changes a ticket. Every change is a line of its history.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], and a conflict for a transition that does not exist.
    pub async fn change(
        &self,
        actor: &Actor,
        id: TicketId,
        draft: impl Into<Validated<TicketChange>>,
        expected: &ExpectedVersion,
    ) -> Result<Ticket, Error> {
        let draft = draft.into();
        retry_on_stale!(
            self.users,
            actor,
            self.try_change(actor, id, &draft, expected)
        )
    }

    async fn try_change(
        &self,
        actor: &Actor,
        id: TicketId,
        draft: &Validated<TicketChange>,
        expected: &ExpectedVersion,
    ) -> Result<Ticket, Error> {
        let before = self.load(actor, id, TicketAction::See).await?;
        if let Some(change) = draft.as_valid() {
            check_rights(actor, &before, change)?;
        }
        let change = draft.as_result()?;
        expected.check(before.version)?;
        let now = self.clock.now();
        let mut after = before.clone();
        if let Some(status) = change.status {
            after.transition(status, now)?;
        }
        after.title = change.title.clone().unwrap_or(after.title);
        after.priority = change.priority.unwrap_or(after.priority);
        after.category = change.category.unwrap_or(after.category);
        let present = before.assigned_to.as_ref().map(|assignee| assignee.id);
        let assigned_to = change.assigned_to.filter(|assignee| *assignee != present);
        let assignee = match assigned_to.flatten() {
            Some(person) => Some(
                active_person(
                    &*self.users,
                    person,
                    "assigned_to",
                    Eligibility::ActiveStaff,
                    |user| can_be_assignee(user.role),
                )
                .await?,
            ),
            None => None,
        };
        let events = changes(&before, &after, assigned_to);
        if events.is_empty() {
            return Ok(before);
        }
        let version = Precondition::TicketVersion {
            ticket: id,
            version: before.version,
        };
        let update = TicketUpdate {
            ticket: after,
            assigned_to,
            at: now,
            scope: AccessScope::of(actor),
        };
        let commit = Commit::new(update)
            .require(actor_is_active(actor))
            .require(version)
            .require_all(same_parties(actor, &before))
            .require_all(assignee.as_ref().map(user_is_active))
            .with_events(
                events
                    .into_iter()
                    .map(|event| NewEvent::new(now, Some(actor.id), event)),
            );
        Ok(self.tickets.update_ticket(commit).await?)
    }

    /// A page of a ticket's history, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn history(
        &self,
        actor: &Actor,
        id: TicketId,
        page: PageRequest,
    ) -> Result<Page<HistoryLine>, Error> {
        let scope = AccessScope::of(actor);
        let found = self.tickets.ticket_history(id, scope, page).await?;
        let (ticket, history) = found.ok_or(Error::NotFound)?;
        authorize(
            actor,
            &Permission::Ticket(TicketAction::See, ticket.access()),
        )
        .require()?;
        Ok(history)
    }

    pub(super) async fn load(
        &self,
        actor: &Actor,
        id: TicketId,
        action: TicketAction,
    ) -> Result<Ticket, Error> {
        let found = self.tickets.ticket(id, AccessScope::of(actor)).await?;
        let ticket = found.ok_or(Error::NotFound)?;
        authorize(actor, &Permission::Ticket(action, ticket.access())).require()?;
        Ok(ticket)
    }
}

impl Ticket {
    /// The ticket as its events name it.
    pub(super) fn in_event(&self) -> EventTicket {
        EventTicket {
            id: self.id.into(),
            requester: self.requester.id,
            subject: self.about.clone(),
        }
    }
}

/// The description with the line that names the subject.
fn described(new: &NewTicket, subject: Option<&Subject>) -> Description {
    match subject {
        None => new.description.clone(),
        Some(subject) if new.description.as_str().is_empty() => {
            Description::from_stored(subject.line())
        }
        Some(subject) => {
            Description::from_stored(format!("{}\n{}", new.description, subject.line()))
        }
    }
}

/// Whether the actor may do each of the things that the change asks for. A transition that does
/// not exist is a conflict for everybody, so it is looked at before the right to it.
fn check_rights(actor: &Actor, ticket: &Ticket, change: &TicketChange) -> Result<(), Denied> {
    let ask = |action| authorize(actor, &Permission::Ticket(action, ticket.access())).require();
    if change.title.is_some() {
        ask(TicketAction::Retitle)?;
    }
    if change.priority.is_some() || change.category.is_some() || change.assigned_to.is_some() {
        ask(TicketAction::Triage)?;
    }
    match change.status {
        Some(to) if ticket.status.may_become(to) => {
            let closes = to == TicketStatus::Closed;
            let reopens = ticket.status == TicketStatus::Closed;
            ask(if closes || reopens {
                TicketAction::CloseOrReopen
            } else {
                TicketAction::Move
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// What the right to a ticket rests on beside its requester, who never changes.
pub(super) fn same_parties(actor: &Actor, ticket: &Ticket) -> Option<Precondition> {
    if !depends_on_relation(actor) {
        return None;
    }
    let (subject, parties) = ticket.about.clone().zip(ticket.parties)?;
    Some(Precondition::Parties { subject, parties })
}

/// One event for each value that changes.
fn changes(
    before: &Ticket,
    after: &Ticket,
    assigned_to: Option<Option<UserId>>,
) -> Vec<DomainEvent> {
    let ticket = || before.in_event();
    let status = (before.status != after.status).then(|| DomainEvent::TicketStatusChanged {
        ticket: ticket(),
        from: before.status,
        to: after.status,
    });
    let priority =
        (before.priority != after.priority).then(|| DomainEvent::TicketPriorityChanged {
            ticket: ticket(),
            from: before.priority,
            to: after.priority,
        });
    let category =
        (before.category != after.category).then(|| DomainEvent::TicketCategoryChanged {
            ticket: ticket(),
            from: before.category,
            to: after.category,
        });
    let assignee = assigned_to.map(|to| DomainEvent::TicketAssigned {
        ticket: ticket(),
        from: before.assigned_to.as_ref().map(|assignee| assignee.id),
        to,
    });
    let title = (before.title != after.title).then(|| DomainEvent::TicketTitleChanged {
        ticket: ticket(),
        from: before.title.clone(),
        to: after.title.clone(),
    });
    [status, priority, category, assignee, title]
        .into_iter()
        .flatten()
        .collect()
}
