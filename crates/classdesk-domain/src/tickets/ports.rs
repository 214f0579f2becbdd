//! What tickets need of a store.

use async_trait::async_trait;

use crate::blobs::model::{FinishedUpload, StoredBlob};
use crate::clock::Timestamp;
use crate::events::audit::HistoryLine;
use crate::ids::{TicketAttachmentId, TicketId, TicketMessageId, UserId};
use crate::paging::{Page, PageRequest, SeekRequest};
use crate::text::{Description, MessageText};

use super::model::{
    NewTicket, Ticket, TicketAttachment, TicketFilter, TicketMessage, TicketStatus,
};
use crate::policy::access_scope::AccessScope;
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::subjects::model::SubjectRef;

/// A ticket to be inserted, `open` and in version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertTicket {
    /// What was asked for, except the description.
    pub ticket: NewTicket,
    /// The description with the line that names the subject.
    pub description: Description,
    /// The subject it is on.
    pub about: Option<SubjectRef>,
    /// The creator.
    pub created_by: UserId,
    /// The requester.
    pub requester: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A ticket as it shall be. The version is the store's to count up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUpdate {
    /// The ticket with its new title, status, `is_escalated`, `resolved_at`, priority and
    /// category; nothing else of it is written. The caller MUST hand it with `resolved_at` if its
    /// status is `closed`, and only then: a store may refuse another row.
    pub ticket: Ticket,
    /// The new assignee; `None` when that stays.
    pub assigned_to: Option<Option<UserId>>,
    /// When.
    pub at: Timestamp,
    /// The viewer of the returned ticket.
    pub scope: AccessScope,
}

/// A message to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertTicketMessage {
    /// The ticket.
    pub ticket: TicketId,
    /// The sender.
    pub sender: UserId,
    /// What it says.
    pub text: MessageText,
    /// Whether it is for staff alone.
    pub is_internal: bool,
    /// The status that the ticket gets by it (with `resolved_at` cleared and the version counted
    /// up); `None` when it stays. The caller MUST NOT give `closed`, which a message never leads
    /// to.
    pub reopens: Option<TicketStatus>,
    /// Whether the assignee leaves the ticket with it.
    pub assignee_leaves: bool,
    /// When. It becomes the ticket's `updated_at`, unless the message is internal: an internal
    /// message MUST leave no trace for the requester.
    pub created_at: Timestamp,
}

/// A file to be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertTicketAttachment {
    /// The ticket.
    pub ticket: TicketId,
    /// The file. The store MUST turn its blob from pending to stored in the same transaction, and
    /// answer `Stale` when the blob is not pending.
    pub upload: FinishedUpload,
    /// Whether it is for staff alone.
    pub is_internal: bool,
    /// When. It becomes the ticket's `updated_at`, unless the file is internal.
    pub uploaded_at: Timestamp,
}

/// A message to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketMessageDeletion {
    /// Its ticket.
    pub ticket: TicketId,
    /// Which message.
    pub message: TicketMessageId,
    /// When.
    pub at: Timestamp,
}

/// A file that goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketAttachmentDeletion {
    /// Its ticket.
    pub ticket: TicketId,
    /// Which file.
    pub attachment: TicketAttachmentId,
    /// When; its bytes are due to be swept from then on.
    pub at: Timestamp,
}

/// A ticket's file with where its bytes are, and the ticket as the viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketAttachedBlob {
    /// The ticket.
    pub ticket: Ticket,
    /// The file.
    pub attachment: TicketAttachment,
    /// Where its bytes are.
    pub blob: StoredBlob,
}

/// Which tickets a viewer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketQuery {
    /// What the viewer may see; `scope.tickets` and `scope.notes` matter here.
    pub scope: AccessScope,
    /// What the viewer asked for.
    pub filter: TicketFilter,
}

/// Keeping tickets. Every count and list MUST follow `scope.notes`: with
/// [`NoteScope::PublicOnly`](crate::policy::NoteScope::PublicOnly) internal messages, internal
/// files and internal lines of the history do not exist.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TicketRepository: Send + Sync {
    /// The ticket with its counts, whether or not it lies within `scope.tickets`: the caller asks
    /// the policy.
    async fn ticket(&self, id: TicketId, scope: AccessScope) -> Result<Option<Ticket>, StoreError>;

    /// Tickets within `scope.tickets` that match, newest first (descending id).
    async fn list_tickets(
        &self,
        query: TicketQuery,
        page: PageRequest,
    ) -> Result<Page<Ticket>, StoreError>;

    /// Creates a ticket.
    async fn create_ticket(&self, commit: Commit<InsertTicket>) -> Result<Ticket, StoreError>;

    /// Changes a ticket, counts its version up by one, and answers it as the viewer sees it.
    async fn update_ticket(&self, commit: Commit<TicketUpdate>) -> Result<Ticket, StoreError>;

    /// Adds a message and answers its id.
    async fn add_ticket_message(
        &self,
        commit: Commit<InsertTicketMessage>,
    ) -> Result<TicketMessageId, StoreError>;

    /// The ticket and a page of its messages within `scope.notes`, oldest first (ascending id).
    async fn list_ticket_messages(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: SeekRequest,
    ) -> Result<Option<(Ticket, Page<TicketMessage>)>, StoreError>;

    /// The message without an access check: for answering a repeated request to its author.
    async fn ticket_message(
        &self,
        id: TicketMessageId,
    ) -> Result<Option<TicketMessage>, StoreError>;

    /// Attaches a file.
    async fn attach_to_ticket(
        &self,
        commit: Commit<InsertTicketAttachment>,
    ) -> Result<TicketAttachment, StoreError>;

    /// The ticket and a page of its files within `scope.notes`, newest first (descending id).
    async fn list_ticket_attachments(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketAttachment>)>, StoreError>;

    /// A file of this ticket, whether or not it is internal: the caller asks the policy. A file of
    /// another ticket MUST NOT be found.
    async fn ticket_attachment(
        &self,
        ticket: TicketId,
        attachment: TicketAttachmentId,
        scope: AccessScope,
    ) -> Result<Option<TicketAttachedBlob>, StoreError>;

    /// Empties a message, which keeps its place and its count. The ticket stays as it is. The store
    /// MUST answer `Stale` when the ticket has no such message, or when that is deleted already.
    async fn delete_ticket_message(
        &self,
        commit: Commit<TicketMessageDeletion>,
    ) -> Result<(), StoreError>;

    /// Removes a file, turns its blob to deleted, and counts it no longer. The rest of the ticket
    /// stays as it is. The store MUST answer `Stale` when the ticket has no such file.
    async fn delete_ticket_attachment(
        &self,
        commit: Commit<TicketAttachmentDeletion>,
    ) -> Result<(), StoreError>;

    /// The ticket and a page of its history within `scope.notes`, oldest first (ascending id).
    async fn ticket_history(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: SeekRequest,
    ) -> Result<Option<(Ticket, Page<HistoryLine>)>, StoreError>;
}
