//! Tickets.

use async_trait::async_trait;
use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::{Cursor, Page, PageRequest, SeekRequest};
use classdesk_domain::policy::{AccessScope, NoteScope};
use classdesk_domain::search::Terms;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob,
    TicketAttachment, TicketAttachmentDeletion, TicketFilter, TicketMessage, TicketMessageDeletion,
    TicketQuery, TicketRepository, TicketStatus, TicketUpdate,
};

use super::MemoryStore;
use super::access_scope::{count, note_in_scope};
use super::commit::Outcome;
use super::rows::{TicketAttachmentRow, TicketMessageRow, TicketRow};
use super::state::{State, page_down, page_seek};

impl State {
    fn ticket(&self, row: &TicketRow, notes: NoteScope) -> Ticket {
        let messages = self
            .ticket_messages
            .rows()
            .filter(|note| note.ticket == row.id && note_in_scope(note.is_internal, notes));
        let attachments = self
            .ticket_attachments
            .rows()
            .filter(|note| note.ticket == row.id && note_in_scope(note.is_internal, notes));
        Ticket {
            id: row.id,
            title: row.title.clone(),
            description: row.description.clone(),
            priority: row.priority,
            category: row.category,
            status: row.status,
            is_escalated: row.is_escalated,
            about: row.about.clone(),
            parties: row.about.as_ref().map(|about| self.parties(about)),
            created_by: self.person(row.created_by),
            requester: self.person(row.requester),
            assigned_to: row.assigned_to.map(|staff| self.person(staff)),
            messages_count: count(messages),
            attachments_count: count(attachments),
            resolved_at: row.resolved_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }

    fn seen_ticket(&self, id: TicketId, scope: &AccessScope) -> Option<Ticket> {
        let row = self.tickets.get(id)?;
        Some(self.ticket(row, scope.notes))
    }

    fn ticket_message(&self, id: TicketMessageId, row: &TicketMessageRow) -> TicketMessage {
        TicketMessage {
            id,
            ticket: row.ticket,
            sender: self.person(row.sender),
            text: row.text.clone(),
            is_internal: row.is_internal,
            is_deleted: row.is_deleted,
            created_at: row.created_at,
        }
    }

    fn ticket_attachment(
        &self,
        id: TicketAttachmentId,
        row: &TicketAttachmentRow,
    ) -> TicketAttachment {
        TicketAttachment {
            id,
            ticket: row.ticket,
            file: self.file_info(&row.file),
            is_internal: row.is_internal,
        }
    }
}

fn matches(row: &TicketRow, filter: &TicketFilter) -> bool {
    let about = row.about.as_ref();
    filter.status.is_none_or(|status| row.status == status)
        && filter
            .priority
            .is_none_or(|priority| row.priority == priority)
        && filter
            .category
            .is_none_or(|category| row.category == category)
        && filter
            .assigned_to
            .is_none_or(|staff| row.assigned_to == Some(staff))
        && filter.created_by.is_none_or(|by| row.created_by == by)
        && filter
            .content_type
            .as_ref()
            .is_none_or(|kind| about.is_some_and(|about| about.content_type == *kind))
        && filter
            .object_id
            .is_none_or(|id| about.is_some_and(|about| about.object_id == id))
        && filter.q.as_ref().is_none_or(|q| {
            let (title, description) = (row.title.as_str(), row.description.as_str());
            q.finds(&Terms::of_ticket(row.id.get(), title, description))
        })
}

#[async_trait]
impl TicketRepository for MemoryStore {
    async fn ticket(&self, id: TicketId, scope: AccessScope) -> Result<Option<Ticket>, StoreError> {
        Ok(self.read(|state| state.seen_ticket(id, &scope)))
    }

    async fn list_tickets(
        &self,
        query: TicketQuery,
        page: PageRequest,
    ) -> Result<Page<Ticket>, StoreError> {
        let TicketQuery { scope, filter } = query;
        Ok(self.read(|state| {
            let rows = state.tickets.rows().rev();
            let seen = rows
                .filter(|row| state.ticket_in_scope(row, scope.tickets) && matches(row, &filter));
            page_down(seen, page, |row| Cursor::of_id(row.id.get()))
                .map(|row| state.ticket(row, scope.notes))
        }))
    }

    async fn create_ticket(&self, commit: Commit<InsertTicket>) -> Result<Ticket, StoreError> {
        self.commit(commit, |state, new| {
            if let Some(about) = &new.about
                && !state.subjects.contains_key(about)
            {
                return Err(StoreError::Stale);
            }
            state.users.there(new.created_by)?;
            state.users.there(new.requester)?;
            let id = state.tickets.insert(|id| TicketRow {
                id,
                title: new.ticket.title,
                description: new.description,
                priority: new.ticket.priority,
                category: new.ticket.category,
                status: TicketStatus::Open,
                is_escalated: false,
                about: new.about,
                created_by: new.created_by,
                requester: new.requester,
                assigned_to: None,
                resolved_at: None,
                created_at: new.created_at,
                updated_at: new.created_at,
                version: 1,
            });
            let ticket = state.ticket(state.tickets.there(id)?, NoteScope::All);
            Ok((ticket, Outcome::changed(id.get())))
        })
    }

    async fn update_ticket(&self, commit: Commit<TicketUpdate>) -> Result<Ticket, StoreError> {
        self.commit(commit, |state, update| {
            let TicketUpdate {
                ticket,
                assigned_to,
                at,
                scope,
            } = update;
            if let Some(Some(staff)) = assigned_to {
                state.users.there(staff)?;
            }
            let row = state.tickets.change(ticket.id)?;
            row.title = ticket.title;
            row.status = ticket.status;
            row.is_escalated = ticket.is_escalated;
            row.resolved_at = ticket.resolved_at;
            row.priority = ticket.priority;
            row.category = ticket.category;
            if let Some(assigned_to) = assigned_to {
                row.assigned_to = assigned_to;
            }
            row.updated_at = at;
            row.version += 1;
            let changed = state.ticket(state.tickets.there(ticket.id)?, scope.notes);
            Ok((changed, Outcome::changed(ticket.id.get())))
        })
    }

    async fn add_ticket_message(
        &self,
        commit: Commit<InsertTicketMessage>,
    ) -> Result<TicketMessageId, StoreError> {
        self.commit(commit, |state, new| {
            state.users.there(new.sender)?;
            let row = state.tickets.change(new.ticket)?;
            if let Some(status) = new.reopens {
                row.status = status;
                row.resolved_at = None;
                if new.assignee_leaves {
                    row.assigned_to = None;
                }
                row.version += 1;
            }
            if !new.is_internal {
                row.updated_at = new.created_at;
            }
            let id = state.ticket_messages.insert(|_| TicketMessageRow {
                ticket: new.ticket,
                sender: new.sender,
                text: new.text,
                is_internal: new.is_internal,
                is_deleted: false,
                created_at: new.created_at,
            });
            Ok((id, Outcome::changed(id.get())))
        })
    }

    async fn list_ticket_messages(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: SeekRequest,
    ) -> Result<Option<(Ticket, Page<TicketMessage>)>, StoreError> {
        Ok(self.read(|state| {
            let ticket = state.seen_ticket(id, &scope)?;
            let rows = state
                .ticket_messages
                .iter()
                .filter(|(_, row)| row.ticket == id && note_in_scope(row.is_internal, scope.notes));
            let messages = page_seek(rows, page, |(id, _)| id.get())
                .map(|(id, row)| state.ticket_message(id, row));
            Some((ticket, messages))
        }))
    }

    async fn ticket_message(
        &self,
        id: TicketMessageId,
    ) -> Result<Option<TicketMessage>, StoreError> {
        Ok(self.read(|state| {
            let row = state.ticket_messages.get(id)?;
            Some(state.ticket_message(id, row))
        }))
    }

    async fn attach_to_ticket(
        &self,
        commit: Commit<InsertTicketAttachment>,
    ) -> Result<TicketAttachment, StoreError> {
        self.commit(commit, |state, new| {
            let row = state.tickets.change(new.ticket)?;
            if !new.is_internal {
                row.updated_at = new.uploaded_at;
            }
            let file = state.take_upload(new.upload, new.uploaded_at)?;
            let id = state.ticket_attachments.insert(|_| TicketAttachmentRow {
                ticket: new.ticket,
                file,
                is_internal: new.is_internal,
            });
            let attachment = state.ticket_attachment(id, state.ticket_attachments.there(id)?);
            Ok((attachment, Outcome::changed(id.get())))
        })
    }

    async fn list_ticket_attachments(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketAttachment>)>, StoreError> {
        Ok(self.read(|state| {
            let ticket = state.seen_ticket(id, &scope)?;
            let rows =
                state.ticket_attachments.iter().rev().filter(|(_, row)| {
                    row.ticket == id && note_in_scope(row.is_internal, scope.notes)
                });
            let attachments = page_down(rows, page, |(id, _)| Cursor::of_id(id.get()))
                .map(|(id, row)| state.ticket_attachment(id, row));
            Some((ticket, attachments))
        }))
    }

    async fn ticket_attachment(
        &self,
        ticket: TicketId,
        attachment: TicketAttachmentId,
        scope: AccessScope,
    ) -> Result<Option<TicketAttachedBlob>, StoreError> {
        Ok(self.read(|state| {
            let row = state.ticket_attachments.get(attachment)?;
            if row.ticket != ticket {
                return None;
            }
            Some(TicketAttachedBlob {
                ticket: state.seen_ticket(ticket, &scope)?,
                attachment: state.ticket_attachment(attachment, row),
                blob: state.stored_blob(&row.file),
            })
        }))
    }

    async fn delete_ticket_message(
        &self,
        commit: Commit<TicketMessageDeletion>,
    ) -> Result<(), StoreError> {
        self.commit(commit, |state, deletion| {
            let row = state.ticket_messages.change(deletion.message)?;
            if row.ticket != deletion.ticket || row.is_deleted {
                return Err(StoreError::Stale);
            }
            row.text = MessageText::empty();
            row.is_deleted = true;
            Ok(((), Outcome::changed(deletion.message.get())))
        })
    }

    async fn delete_ticket_attachment(
        &self,
        commit: Commit<TicketAttachmentDeletion>,
    ) -> Result<(), StoreError> {
        self.commit(commit, |state, deletion| {
            let row = state.ticket_attachments.there(deletion.attachment)?;
            if row.ticket != deletion.ticket {
                return Err(StoreError::Stale);
            }
            state.drop_blob(row.file.blob, deletion.at)?;
            state.ticket_attachments.remove(deletion.attachment)?;
            Ok(((), Outcome::changed(deletion.attachment.get())))
        })
    }

    async fn ticket_history(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: SeekRequest,
    ) -> Result<Option<(Ticket, Page<HistoryLine>)>, StoreError> {
        Ok(self.read(|state| {
            let ticket = state.seen_ticket(id, &scope)?;
            Some((ticket, state.history(id, scope.notes, page)))
        }))
    }
}
