//! Messages and files of tickets.

use crate::blobs::model::FinishedUpload;
use crate::blobs::service::{Download, discard_on_error};
use crate::error::Error;
use crate::events::model::DomainEvent;
use crate::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use crate::paging::{Page, PageRequest, SeekRequest};
use crate::people::model::Actor;
use crate::policy::access_scope::AccessScope;
use crate::policy::decision::Denied;
use crate::policy::permission::TicketAction;
use crate::policy::permit::permit_read;
use crate::request_context::RequestContext;
use crate::store::commit::Commit;
use crate::use_case::{retry_on_stale, user_is_active};
use crate::validation::Validated;

use super::model::{NewTicketMessage, Ticket, TicketAttachment, TicketMessage, TicketStatus};
use super::ports::{
    InsertTicketAttachment, InsertTicketMessage, TicketAttachmentDeletion, TicketMessageDeletion,
};
use super::service::Tickets;

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
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let ticket = self.load(actor, id, TicketAction::Write).await?;
            let new = draft.as_result()?;
            if new.is_internal {
                require_internal(actor, &ticket)?;
            }
            by.check_unversioned()?;
            let now = self.clock.now();
            let mut answered = ticket.clone();
            let reopens = ticket.requester.id == actor.id
                && !new.is_internal
                && answered.answered_by_requester(now);
            let mut events = vec![DomainEvent::TicketMessageAdded {
                ticket: ticket.in_event(),
                is_internal: new.is_internal,
            }];
            if reopens {
                events.push(DomainEvent::TicketStatusChanged {
                    ticket: ticket.in_event(),
                    from: ticket.status,
                    to: answered.status,
                });
            }
            let reopened = reopens && ticket.is_reopened_by(answered.status);
            let kept = if reopened {
                self.kept_assignee(&ticket).await?
            } else {
                None
            };
            let assignee_leaves = reopened && ticket.assigned_to.is_some() && kept.is_none();
            if assignee_leaves {
                events.push(ticket.assignee_left());
            }
            let row = InsertTicketMessage {
                ticket: id,
                sender: actor.id,
                text: new.text.clone(),
                is_internal: new.is_internal,
                reopens: reopens.then_some(TicketStatus::Open),
                assignee_leaves,
                created_at: now,
            };
            let sender = self.users.user(actor.id).await?;
            let sender = sender.ok_or(Error::Unauthenticated)?.to_ref();
            let commit = Commit::by(&by, now, row, events)
                .require(ticket.same_version())
                .require_all(ticket.same_access(actor))
                .require_all(kept.as_ref().map(user_is_active));
            Ok(TicketMessage {
                id: self.tickets.add_ticket_message(commit).await?,
                ticket: id,
                sender,
                text: new.text.clone(),
                is_internal: new.is_internal,
                is_deleted: false,
                created_at: now,
            })
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
        page: impl Into<SeekRequest>,
    ) -> Result<Page<TicketMessage>, Error> {
        let (scope, page) = (AccessScope::of(actor), page.into());
        let found = self.tickets.list_ticket_messages(id, scope, page).await?;
        let (ticket, messages) = found.ok_or(Error::NotFound)?;
        actor.require(ticket.permission(TicketAction::See))?;
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
        let found = self.tickets.ticket_message(id).await?;
        let message = found.ok_or(Error::NotFound)?;
        let ticket = self.load(actor, message.ticket, TicketAction::See).await?;
        if message.is_internal {
            hide_internal(actor, &ticket)?;
        }
        Ok(message)
    }

    /// Deletes a message, which keeps its place without its text. The right comes first, so that
    /// nobody learns which messages there are.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a message that is deleted already; [`Error::Forbidden`],
    /// [`Error::PreconditionFailed`].
    pub async fn delete_message(
        &self,
        by: impl Into<RequestContext>,
        id: TicketId,
        message: TicketMessageId,
    ) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let ticket = self.load(actor, id, TicketAction::DeleteContent).await?;
            let found = self.tickets.ticket_message(message).await?;
            let found = found.filter(|found| found.ticket == id && !found.is_deleted);
            let found = found.ok_or(Error::NotFound)?;
            by.check_unversioned()?;
            let deletion = TicketMessageDeletion {
                ticket: id,
                message,
                at: self.clock.now(),
            };
            let deleted = DomainEvent::TicketMessageDeleted {
                ticket: ticket.in_event(),
                message,
                sender: found.sender.id,
                is_internal: found.is_internal,
            };
            let commit = Commit::by(&by, deletion.at, deletion, [deleted])
                .require_all(ticket.same_access(actor));
            Ok(self.tickets.delete_ticket_message(commit).await?)
        })
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
        let actor = &by.actor;
        let attached = retry_on_stale!(self.users, actor, async {
            let ticket = self.load(actor, id, TicketAction::Write).await?;
            let is_internal = *is_internal.as_result()?;
            if is_internal {
                require_internal(actor, &ticket)?;
            }
            by.check_unversioned()?;
            let row = InsertTicketAttachment {
                ticket: id,
                upload: upload.clone(),
                is_internal,
                uploaded_at: self.clock.now(),
            };
            let attached = DomainEvent::TicketAttachmentAdded {
                ticket: ticket.in_event(),
                file_name: upload.name.clone(),
                is_internal,
            };
            let commit = Commit::by(&by, row.uploaded_at, row, [attached])
                .require_all(ticket.same_access(actor));
            Ok(self.tickets.attach_to_ticket(commit).await?)
        });
        discard_on_error(&*self.blob_rows, &*self.clock, Some(&upload), attached).await
    }

    /// Deletes a file, of which a line of the history is left; its bytes are swept afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::PreconditionFailed`].
    pub async fn delete_attachment(
        &self,
        by: impl Into<RequestContext>,
        id: TicketId,
        attachment: TicketAttachmentId,
    ) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let ticket = self.load(actor, id, TicketAction::DeleteContent).await?;
            let scope = AccessScope::of(actor);
            let found = self
                .tickets
                .ticket_attachment(id, attachment, scope)
                .await?;
            let found = found.ok_or(Error::NotFound)?.attachment;
            by.check_unversioned()?;
            let deletion = TicketAttachmentDeletion {
                ticket: id,
                attachment,
                at: self.clock.now(),
            };
            let deleted = DomainEvent::TicketAttachmentDeleted {
                ticket: ticket.in_event(),
                file_name: found.file.name,
                is_internal: found.is_internal,
            };
            let commit = Commit::by(&by, deletion.at, deletion, [deleted])
                .require_all(ticket.same_access(actor));
            Ok(self.tickets.delete_ticket_attachment(commit).await?)
        })
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
        actor.require(ticket.permission(TicketAction::See))?;
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
        let mut ask = found.ticket.permission(TicketAction::See);
        actor.require(ask)?;
        if found.attachment.is_internal {
            hide_internal(actor, &found.ticket)?;
            ask = found.ticket.permission(TicketAction::SeeInternal);
        }
        let download = Download {
            file: found.attachment.file.clone(),
            permit: permit_read(actor, &ask, found.blob)?,
        };
        Ok((found.attachment, download))
    }
}

/// The right to write what only staff see, which one field asks for.
fn require_internal(actor: &Actor, ticket: &Ticket) -> Result<(), Denied> {
    let allowed = actor.require(ticket.permission(TicketAction::WriteInternal));
    allowed.map_err(|denied| denied.in_field("is_internal"))
}

/// Answers "not found" to an actor without access to internal entries.
fn hide_internal(actor: &Actor, ticket: &Ticket) -> Result<(), Error> {
    let allowed = actor.require(ticket.permission(TicketAction::SeeInternal));
    allowed.map_err(|_| Error::NotFound)
}
