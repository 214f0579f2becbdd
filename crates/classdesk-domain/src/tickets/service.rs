//! The use cases of tickets.

use std::sync::Arc;

use crate::blobs::ports::BlobRepository;
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::audit::HistoryLine;
use crate::events::facts::{EventTicket, RowId};
use crate::events::model::DomainEvent;
use crate::ids::{TicketId, UserId};
use crate::paging::{Page, PageRequest, SeekRequest};
use crate::people::model::{Actor, User};
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::{can_be_assignee, depends_on_relation, may_open_ticket_for_client};
use crate::policy::decision::Denied;
use crate::policy::permission::{Permission, Relation, TicketAction};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition, Versioned};
use crate::subjects::model::{Parties, Subject, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::text::Description;
use crate::use_case::{active_person, retry_on_stale, user_is_active};
use crate::validation::{Eligibility, Validated};

use super::model::{
    InvalidTransition, NewTicket, NewTicketOnSubject, Ticket, TicketChange, TicketFilter,
    TicketStatus,
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
            by.actor.require(Permission::OpenTicket(None))?;
            self.insert(&by, draft.as_result()?, None, None).await
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
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let subject = self.subjects.subject(about).await?.ok_or(Error::NotFound)?;
            actor.require(Permission::OpenTicket(Some(subject.parties)))?;
            let new = draft.as_result()?;
            let client = match new.on_behalf_of {
                Some(client) => {
                    let allowed = may_open_ticket_for_client(actor);
                    let allowed = allowed.require("create_ticket_for_client");
                    allowed.map_err(|denied| denied.in_field("on_behalf_of"))?;
                    Some(self.client(client, &subject.parties).await?)
                }
                None => None,
            };
            self.insert(&by, &new.ticket, Some(&subject), client.as_ref())
                .await
        })
    }

    /// The subject's client, if that is the person and they are an active client.
    async fn client(&self, id: UserId, parties: &Parties) -> Result<User, Error> {
        let needs = Eligibility::SubjectClient;
        active_person(&*self.users, id, "on_behalf_of", needs, |user| {
            Relation::of(&user.into(), parties) == Relation::Owner
        })
        .await
    }

    async fn insert(
        &self,
        by: &RequestContext,
        new: &NewTicket,
        subject: Option<&Subject>,
        client: Option<&User>,
    ) -> Result<Ticket, Error> {
        by.check_unversioned()?;
        let requester = client.map_or(by.actor.id, |client| client.id);
        let about = subject.map(|subject| subject.reference.clone());
        let created = DomainEvent::TicketCreated {
            ticket: EventTicket {
                id: RowId::Created,
                requester,
                subject: about.clone(),
            },
        };
        let row = InsertTicket {
            ticket: new.clone(),
            description: described(new, subject),
            about,
            created_by: by.actor.id,
            requester,
            created_at: self.clock.now(),
        };
        let commit = Commit::by(by, row.created_at, row, [created])
            .require_all(subject.map(Subject::same_parties))
            .require_all(client.map(user_is_active));
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
        by: impl Into<RequestContext>,
        id: TicketId,
        draft: impl Into<Validated<TicketChange>>,
    ) -> Result<Ticket, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let before = self.load(actor, id, TicketAction::See).await?;
            if let Some(change) = draft.as_valid() {
                check_rights(actor, &before, change)?;
            }
            let change = draft.as_result()?;
            by.check_version(before.version)?;
            let present = before.assigned_to.as_ref().map(|assignee| assignee.id);
            let now = self.clock.now();
            let mut update = TicketUpdate {
                ticket: changed(&before, change, now)?,
                assigned_to: change.assigned_to.filter(|assignee| *assignee != present),
                at: now,
                scope: AccessScope::of(actor),
            };
            let mut assignee = match update.assigned_to.flatten() {
                Some(person) => Some(self.assignee(person).await?),
                None => None,
            };
            if update.assigned_to.is_none() && before.is_reopened_by(update.ticket.status) {
                assignee = match change.assigned_to.flatten() {
                    Some(named) => Some(self.assignee(named).await?),
                    None => self.kept_assignee(&before).await?,
                };
                if assignee.is_none() && present.is_some() {
                    update.assigned_to = Some(None);
                }
            }
            let events = changes(&before, &update);
            if events.is_empty() {
                return Ok(before);
            }
            let commit = Commit::by(&by, now, update, events)
                .require(before.same_version())
                .require_all(before.same_access(actor))
                .require_all(assignee.as_ref().map(user_is_active));
            Ok(self.tickets.update_ticket(commit).await?)
        })
    }

    async fn assignee(&self, id: UserId) -> Result<User, Error> {
        let needs = Eligibility::ActiveStaff;
        active_person(&*self.users, id, "assigned_to", needs, |user| {
            can_be_assignee(user.role)
        })
        .await
    }

    /// The assignee of a closed ticket who has it when it is reopened: one who is still active staff.
    pub(super) async fn kept_assignee(&self, ticket: &Ticket) -> Result<Option<User>, Error> {
        let Some(assignee) = &ticket.assigned_to else {
            return Ok(None);
        };
        let user = self.users.user(assignee.id).await?;
        Ok(user.filter(|user| user.is_active && can_be_assignee(user.role)))
    }

    /// A page of a ticket's history, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn history(
        &self,
        actor: &Actor,
        id: TicketId,
        page: impl Into<SeekRequest>,
    ) -> Result<Page<HistoryLine>, Error> {
        let (scope, page) = (AccessScope::of(actor), page.into());
        let found = self.tickets.ticket_history(id, scope, page).await?;
        let (ticket, history) = found.ok_or(Error::NotFound)?;
        actor.require(ticket.permission(TicketAction::See))?;
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
        actor.require(ticket.permission(action))?;
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

    /// Whether it is closed and will not be.
    pub(super) fn is_reopened_by(&self, status: TicketStatus) -> bool {
        self.status == TicketStatus::Closed && status != TicketStatus::Closed
    }

    /// The event that its assignee leaves it.
    pub(super) fn assignee_left(&self) -> DomainEvent {
        DomainEvent::TicketAssigned {
            ticket: self.in_event(),
            from: self.assigned_to.as_ref().map(|assignee| assignee.id),
            to: None,
        }
    }

    /// The fact that the ticket is in the version that was decided on.
    pub(super) const fn same_version(&self) -> Precondition {
        Versioned::Ticket(self.id).at(self.version)
    }

    /// What the right to the ticket rests on beside its requester, who never changes.
    pub(super) fn same_access(&self, actor: &Actor) -> Option<Precondition> {
        if !depends_on_relation(actor) {
            return None;
        }
        let (subject, parties) = self.about.clone().zip(self.parties)?;
        Some(Precondition::Parties { subject, parties })
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
    let ask = |action, field| {
        let allowed = actor.require(ticket.permission(action));
        allowed.map_err(|denied| denied.in_field(field))
    };
    for (is_asked, action, field) in [
        (change.title.is_some(), TicketAction::Retitle, "title"),
        (change.priority.is_some(), TicketAction::Triage, "priority"),
        (change.category.is_some(), TicketAction::Triage, "category"),
        (
            change.assigned_to.is_some(),
            TicketAction::Triage,
            "assigned_to",
        ),
    ] {
        if is_asked {
            ask(action, field)?;
        }
    }
    match change.status {
        Some(to) if ticket.status.may_become(to) => {
            let closes = to == TicketStatus::Closed;
            let reopens = ticket.status == TicketStatus::Closed;
            let action = if closes || reopens {
                TicketAction::CloseOrReopen
            } else {
                TicketAction::Move
            };
            ask(action, "status")
        }
        Some(_) | None => Ok(()),
    }
}

/// The ticket with the change applied, except for its assignee.
fn changed(
    before: &Ticket,
    change: &TicketChange,
    now: Timestamp,
) -> Result<Ticket, InvalidTransition> {
    let mut after = before.clone();
    if let Some(status) = change.status {
        after.transition(status, now)?;
    }
    after.title = change.title.clone().unwrap_or(after.title);
    after.priority = change.priority.unwrap_or(after.priority);
    after.category = change.category.unwrap_or(after.category);
    Ok(after)
}

/// One event for each value that changes.
fn changes(before: &Ticket, update: &TicketUpdate) -> Vec<DomainEvent> {
    use DomainEvent as E;
    let after = &update.ticket;
    let ticket = || before.in_event();
    let status = (before.status != after.status).then(|| E::TicketStatusChanged {
        ticket: ticket(),
        from: before.status,
        to: after.status,
    });
    let priority = (before.priority != after.priority).then(|| E::TicketPriorityChanged {
        ticket: ticket(),
        from: before.priority,
        to: after.priority,
    });
    let category = (before.category != after.category).then(|| E::TicketCategoryChanged {
        ticket: ticket(),
        from: before.category,
        to: after.category,
    });
    let assignee = update.assigned_to.map(|to| E::TicketAssigned {
        ticket: ticket(),
        from: before.assigned_to.as_ref().map(|assignee| assignee.id),
        to,
    });
    let title = (before.title != after.title).then(|| E::TicketTitleChanged {
        ticket: ticket(),
        from: before.title.clone(),
        to: after.title.clone(),
    });
    let all = [status, priority, category, assignee, title];
    all.into_iter().flatten().collect()
}
