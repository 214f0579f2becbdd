//! Tickets.

use classdesk_domain::blobs::FileName;
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::idempotency::{Completion, Fingerprint};
use classdesk_domain::ids::TicketId;
use classdesk_domain::people::Role;
use classdesk_domain::tickets::{
    InsertTicketAttachment, TicketAttachmentDeletion, TicketCategory, TicketMessageDeletion,
    TicketPriority, TicketStatus, TicketUpdate,
};

use crate::history::replica::Replica;

impl Replica<'_> {
    pub(super) async fn create_ticket(&mut self) -> String {
        let requester = self.person();
        let about = self.once_in(2).then(|| self.subject());
        let now = self.tick();
        let mut row = self.fixture().new_ticket(requester, about);
        row.created_at = now;
        row.created_by = self.person().id;
        row.ticket.title = self.title();
        row.description = self.description();
        row.ticket.priority = self.any(TicketPriority::ALL);
        row.ticket.category = self.any(TicketCategory::ALL);
        let ticket = self.fixture().event_ticket(RowId::Created);
        let created = DomainEvent::TicketCreated { ticket };
        let mut commit = self.commit(row, created).await;
        if self.once_in(3) && !self.leases.is_empty() {
            let leases = self.leases.clone();
            commit.completes = Some(Completion {
                lease: self.any(&leases),
                fingerprint: Fingerprint::of(b"a ticket"),
            });
        }
        let created = self.store.create_ticket(commit).await;
        if let Ok(ticket) = &created {
            self.numbers.note(ticket.id);
        }
        self.report("create_ticket", created)
    }

    pub(super) async fn update_ticket(&mut self) -> String {
        let (id, scope) = (self.row::<TicketId>(), self.scope());
        let Ok(Some(mut ticket)) = self.store.ticket(id, scope).await else {
            return "update_ticket: nothing to change".to_owned();
        };
        let at = self.tick();
        let _ = ticket.transition(self.any(TicketStatus::ALL), at);
        ticket.priority = self.any(TicketPriority::ALL);
        if self.once_in(2) {
            ticket.title = self.title();
        }
        let assignee = self.once_in(2).then(|| self.person_of(Role::Editor));
        let update = TicketUpdate {
            ticket,
            assigned_to: self.once_in(2).then_some(assignee),
            at,
            scope,
        };
        let moved = DomainEvent::TicketStatusChanged {
            ticket: self.fixture().event_ticket(id),
            from: TicketStatus::Open,
            to: update.ticket.status,
        };
        let commit = self.commit(update, moved).await;
        let changed = self.store.update_ticket(commit).await;
        self.report("update_ticket", changed)
    }

    pub(super) async fn add_note(&mut self) -> String {
        let (ticket, sender) = (self.row::<TicketId>(), self.person());
        let (is_internal, now) = (self.once_in(3), self.tick());
        let mut row = self.fixture().new_note(ticket, sender, is_internal);
        row.created_at = now;
        if !is_internal && self.once_in(3) {
            row.reopens = Some(TicketStatus::Open);
        }
        let said = DomainEvent::TicketMessageAdded {
            ticket: self.fixture().event_ticket(ticket),
            is_internal,
        };
        let commit = self.commit(row, said).await;
        let added = self.store.add_ticket_message(commit).await;
        if let Ok(id) = &added {
            self.numbers.note(*id);
        }
        self.report("add_ticket_message", added)
    }

    pub(super) async fn attach_to_ticket(&mut self) -> String {
        let Some(upload) = self.uploads.pop() else {
            return self.create_upload().await;
        };
        let row = InsertTicketAttachment {
            ticket: self.row(),
            upload,
            is_internal: self.once_in(3),
            uploaded_at: self.tick(),
        };
        let event = DomainEvent::TicketAttachmentAdded {
            ticket: self.fixture().event_ticket(row.ticket),
            file_name: row.upload.name.clone(),
            is_internal: row.is_internal,
        };
        let commit = self.commit(row, event).await;
        let attached = self.store.attach_to_ticket(commit).await;
        if let Ok(attachment) = &attached {
            self.numbers.note(attachment.id);
        }
        self.report("attach_to_ticket", attached)
    }

    pub(super) async fn delete_from_ticket(&mut self) -> String {
        let (ticket, at) = (self.row::<TicketId>(), self.tick());
        if self.once_in(2) {
            let deletion = TicketMessageDeletion {
                ticket,
                message: self.row(),
                at,
            };
            let event = DomainEvent::TicketMessageDeleted {
                ticket: self.fixture().event_ticket(ticket),
                message: deletion.message,
                sender: self.person().id,
                is_internal: self.once_in(3),
            };
            let commit = self.commit(deletion, event).await;
            let deleted = self.store.delete_ticket_message(commit).await;
            return self.report("delete_ticket_message", deleted);
        }
        let deletion = TicketAttachmentDeletion {
            ticket,
            attachment: self.row(),
            at,
        };
        let event = DomainEvent::TicketAttachmentDeleted {
            ticket: self.fixture().event_ticket(ticket),
            file_name: FileName::clean("A file"),
            is_internal: self.once_in(3),
        };
        let commit = self.commit(deletion, event).await;
        let deleted = self.store.delete_ticket_attachment(commit).await;
        self.report("delete_ticket_attachment", deleted)
    }
}
