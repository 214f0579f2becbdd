//! Messages and files of tickets.

use crate::blobs::{Download, FinishedUpload, discard_on_error};
use crate::classdesk::By;
use crate::error::{Draft, Error};
use crate::events::EventAction;
use crate::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use crate::paging::{Keyset, Page};
use crate::people::Actor;
use crate::policy::{Ask, Sight, TicketAction, decide, permit_read};
use crate::store::{Commit, Fact};
use crate::use_case::{redecide, still_acting};

use super::model::{NewTicketMessage, Ticket, TicketAttachment, TicketMessage, TicketStatus};
use super::ports::{NewTicketAttachmentRow, NewTicketMessageRow};
use super::service::{Tickets, same_parties, ticket_event};

impl Tickets {
    /// Adds a message. One of the requester's opens a ticket that awaits an answer or is closed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn add_message(
        &self,
        by: impl Into<By>,
        id: TicketId,
        draft: impl Into<Draft<NewTicketMessage>>,
    ) -> Result<TicketMessage, Error> {
        let (by, draft) = (by.into(), draft.into());
        redecide!(
            self.ports.users,
            &by.actor,
            self.try_add_message(by, id, &draft)
        )
    }

    async fn try_add_message(
        &self,
        by: By,
        id: TicketId,
        draft: &Draft<NewTicketMessage>,
    ) -> Result<TicketMessage, Error> {
        let actor = &by.actor;
        let ticket = self.load(actor, id, TicketAction::Write).await?;
        let new = draft.accept()?;
        if new.is_internal {
            ask(actor, TicketAction::WriteInternal, &ticket)?;
        }
        let now = self.ports.clock.now();
        let mut events = vec![ticket_event(
            now,
            actor,
            EventAction::TicketMessageAdded,
            id,
            new.is_internal,
        )];
        let mut answered = ticket.clone();
        let reopens = ticket.requester.id == actor.id
            && !new.is_internal
            && answered.answered_by_requester(now);
        if reopens {
            events.push(
                ticket_event(now, actor, EventAction::TicketStatusChanged, id, false).changing(
                    Some(ticket.status.to_string()),
                    Some(answered.status.to_string()),
                ),
            );
        }
        let row = NewTicketMessageRow {
            ticket: id,
            sender: actor.id,
            text: new.text.clone(),
            is_internal: new.is_internal,
            reopens: reopens.then_some(TicketStatus::Open),
            created_at: now,
        };
        let sender = self
            .ports
            .users
            .user(actor.id)
            .await?
            .ok_or(Error::Unauthenticated)?
            .to_ref();
        let commit = Commit::new(row)
            .resting_on(still_acting(actor))
            .resting_on(Fact::TicketVersion {
                ticket: id,
                version: ticket.version,
            })
            .resting_on_all(same_parties(actor, &ticket))
            .telling_all(events)
            .completing(by.completes);
        let message = self.ports.tickets.add_ticket_message(commit).await?;
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
        page: Keyset,
    ) -> Result<Page<TicketMessage>, Error> {
        let sight = Sight::of(actor);
        let found = self
            .ports
            .tickets
            .list_ticket_messages(id, sight, page)
            .await?;
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
            .ports
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
        by: impl Into<By>,
        id: TicketId,
        upload: FinishedUpload,
        is_internal: impl Into<Draft<bool>>,
    ) -> Result<TicketAttachment, Error> {
        let (by, is_internal) = (by.into(), is_internal.into());
        let attached = redecide!(
            self.ports.users,
            &by.actor,
            self.try_attach(by, id, &upload, &is_internal)
        );
        discard_on_error(&self.ports, Some(&upload), attached).await
    }

    async fn try_attach(
        &self,
        by: By,
        id: TicketId,
        upload: &FinishedUpload,
        is_internal: &Draft<bool>,
    ) -> Result<TicketAttachment, Error> {
        let actor = &by.actor;
        let ticket = self.load(actor, id, TicketAction::Write).await?;
        let is_internal = *is_internal.accept()?;
        if is_internal {
            ask(actor, TicketAction::WriteInternal, &ticket)?;
        }
        let now = self.ports.clock.now();
        let row = NewTicketAttachmentRow {
            ticket: id,
            upload: upload.clone(),
            is_internal,
            uploaded_at: now,
        };
        let event = ticket_event(
            now,
            actor,
            EventAction::TicketAttachmentAdded,
            id,
            is_internal,
        )
        .changing(None, Some(upload.name.to_string()));
        let commit = Commit::new(row)
            .resting_on(still_acting(actor))
            .resting_on_all(same_parties(actor, &ticket))
            .telling(event)
            .completing(by.completes);
        Ok(self.ports.tickets.attach_to_ticket(commit).await?)
    }

    /// A page of a ticket's files, newest first; internal ones for staff alone.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn attachments(
        &self,
        actor: &Actor,
        id: TicketId,
        page: Keyset,
    ) -> Result<Page<TicketAttachment>, Error> {
        let sight = Sight::of(actor);
        let found = self
            .ports
            .tickets
            .list_ticket_attachments(id, sight, page)
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
        let sight = Sight::of(actor);
        let found = self
            .ports
            .tickets
            .ticket_attachment(id, attachment, sight)
            .await?;
        let found = found.ok_or(Error::NotFound)?;
        let mut question = Ask::Ticket(TicketAction::See, found.ticket.standing());
        decide(actor, &question).require()?;
        if found.attachment.is_internal {
            hide_unless_allowed(actor, &found.ticket)?;
            question = Ask::Ticket(TicketAction::SeeInternal, found.ticket.standing());
        }
        let permit = permit_read(actor, &question, found.blob)?;
        let download = Download {
            file: found.attachment.file.clone(),
            permit,
        };
        Ok((found.attachment, download))
    }
}

fn ask(actor: &Actor, action: TicketAction, ticket: &Ticket) -> Result<(), Error> {
    decide(actor, &Ask::Ticket(action, ticket.standing())).require()
}

/// To whoever may not see what is internal, it does not exist.
fn hide_unless_allowed(actor: &Actor, ticket: &Ticket) -> Result<(), Error> {
    ask(actor, TicketAction::SeeInternal, ticket).map_err(|_| Error::NotFound)
}
