//! Messages and files of tickets.

use crate::blobs::model::FinishedUpload;
use crate::blobs::service::{Download, discard_on_error};
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent};
use crate::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::authorize;
use crate::policy::decision::Denied;
use crate::policy::permission::{Permission, TicketAction};
use crate::policy::permit::permit_read;
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition};
use crate::use_case::{actor_is_active, retry_on_stale};
use crate::validation::Validated;

use super::model::{NewTicketMessage, Ticket, TicketAttachment, TicketMessage, TicketStatus};
use super::ports::{InsertTicketAttachment, InsertTicketMessage};
use super::service::{Tickets, same_parties};

impl Tickets {
    /// Adds a message. One of the requester's opens a ticket that awaits an answer or is closed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn add_message(
        &self,
        by: impl Into<RequestContext>,
        id: TicketId,
        draft: impl Into<Validated<NewTicketMessage>>,
    ) -> Result<TicketMessage, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, self.try_add_message(by, id, &draft))
    }

    async fn try_add_message(
        &self,
        by: RequestContext,
        id: TicketId,
        draft: &Validated<NewTicketMessage>,
    ) -> Result<TicketMessage, Error> {
        let actor = &by.actor;
        let ticket = self.load(actor, id, TicketAction::Write).await?;
        let new = draft.as_result()?;
        if new.is_internal {
            ask(actor, TicketAction::WriteInternal, &ticket)?;
        }
        let now = self.clock.now();
        let mut events = vec![DomainEvent::TicketMessageAdded {
            ticket: ticket.in_event(),
            is_internal: new.is_internal,
        }];
        let mut answered = ticket.clone();
        let reopens = ticket.requester.id == actor.id
            && !new.is_internal
            && answered.answered_by_requester(now);
        if reopens {
            events.push(DomainEvent::TicketStatusChanged {
                ticket: ticket.in_event(),
                from: ticket.status,
                to: answered.status,
            });
        }
        let row = InsertTicketMessage {
            ticket: id,
            sender: actor.id,
            text: new.text.clone(),
            is_internal: new.is_internal,
            reopens: reopens.then_some(TicketStatus::Open),
            created_at: now,
        };
        let sender = self
            .users
            .user(actor.id)
            .await?
            .ok_or(Error::Unauthenticated)?
            .to_ref();
        let commit = Commit::new(row)
            .require(actor_is_active(actor))
            .require(Precondition::TicketVersion {
                ticket: id,
                version: ticket.version,
            })
            .require_all(same_parties(actor, &ticket))
            .with_events(
                events
                    .into_iter()
                    .map(|event| NewEvent::new(now, Some(actor.id), event)),
            )
            .completing(by.completes);
        let message = self.tickets.add_ticket_message(commit).await?;
        Ok(TicketMessage {
            id: message,
            ticket: id,
            sender,
            text: new.text.clone(),
            is_internal: new.is_internal,
            created_at: now,
        })
    }

    /// A page of a ticket's messages, oldest first; internal ones for staff alone.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn messages(
        &self,
        actor: &Actor,
        id: TicketId,
        page: PageRequest,
    ) -> Result<Page<TicketMessage>, Error> {
        let scope = AccessScope::of(actor);
        let found = self.tickets.list_ticket_messages(id, scope, page).await?;
        let (ticket, messages) = found.ok_or(Error::NotFound)?;
        ask(actor, TicketAction::See, &ticket)?;
        Ok(messages)
    }

    /// One message of a ticket, for answering a repeated request.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn message(
        &self,
        actor: &Actor,
        id: TicketMessageId,
    ) -> Result<TicketMessage, Error> {
        let message = self
            .tickets
            .ticket_message(id)
            .await?
            .ok_or(Error::NotFound)?;
        let ticket = self.load(actor, message.ticket, TicketAction::See).await?;
        if message.is_internal {
            hide_unless_allowed(actor, &ticket)?;
        }
        Ok(message)
    }

    /// Attaches a file. Should that not succeed, the file is given up.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn attach(
        &self,
        by: impl Into<RequestContext>,
        id: TicketId,
        upload: FinishedUpload,
        is_internal: impl Into<Validated<bool>>,
    ) -> Result<TicketAttachment, Error> {
        let (by, is_internal) = (by.into(), is_internal.into());
        let attached = retry_on_stale!(
            self.users,
            &by.actor,
            self.try_attach(by, id, &upload, &is_internal)
        );
        discard_on_error(&*self.blob_rows, self.clock.now(), Some(&upload), attached).await
    }

    async fn try_attach(
        &self,
        by: RequestContext,
        id: TicketId,
        upload: &FinishedUpload,
        is_internal: &Validated<bool>,
    ) -> Result<TicketAttachment, Error> {
        let actor = &by.actor;
        let ticket = self.load(actor, id, TicketAction::Write).await?;
        let is_internal = *is_internal.as_result()?;
        if is_internal {
            ask(actor, TicketAction::WriteInternal, &ticket)?;
        }
        let now = self.clock.now();
        let row = InsertTicketAttachment {
            ticket: id,
            upload: upload.clone(),
            is_internal,
            uploaded_at: now,
        };
        let attached = DomainEvent::TicketAttachmentAdded {
            ticket: ticket.in_event(),
            file_name: upload.name.clone(),
            is_internal,
        };
        let commit = Commit::new(row)
            .require(actor_is_active(actor))
            .require_all(same_parties(actor, &ticket))
            .with_event(NewEvent::new(now, Some(actor.id), attached))
            .completing(by.completes);
        Ok(self.tickets.attach_to_ticket(commit).await?)
    }

    /// A page of a ticket's files, newest first; internal ones for staff alone.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn attachments(
        &self,
        actor: &Actor,
        id: TicketId,
        page: PageRequest,
    ) -> Result<Page<TicketAttachment>, Error> {
        let scope = AccessScope::of(actor);
        let found = self
            .tickets
            .list_ticket_attachments(id, scope, page)
            .await?;
        let (ticket, attachments) = found.ok_or(Error::NotFound)?;
        ask(actor, TicketAction::See, &ticket)?;
        Ok(attachments)
    }

    /// A file of a ticket, ready to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn attachment(
        &self,
        actor: &Actor,
        id: TicketId,
        attachment: TicketAttachmentId,
    ) -> Result<(TicketAttachment, Download), Error> {
        let scope = AccessScope::of(actor);
        let found = self
            .tickets
            .ticket_attachment(id, attachment, scope)
            .await?;
        let found = found.ok_or(Error::NotFound)?;
        let mut question = Permission::Ticket(TicketAction::See, found.ticket.access());
        authorize(actor, &question).require()?;
        if found.attachment.is_internal {
            hide_unless_allowed(actor, &found.ticket)?;
            question = Permission::Ticket(TicketAction::SeeInternal, found.ticket.access());
        }
        let permit = permit_read(actor, &question, found.blob)?;
        let download = Download {
            file: found.attachment.file.clone(),
            permit,
        };
        Ok((found.attachment, download))
    }
}

fn ask(actor: &Actor, action: TicketAction, ticket: &Ticket) -> Result<(), Denied> {
    authorize(actor, &Permission::Ticket(action, ticket.access())).require()
}

/// Answers "not found" to an actor without access to internal entries.
fn hide_unless_allowed(actor: &Actor, ticket: &Ticket) -> Result<(), Error> {
    ask(actor, TicketAction::SeeInternal, ticket).map_err(|_| Error::NotFound)
}
