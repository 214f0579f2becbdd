//! The rows of the tables, each fact in one place.

use std::collections::{BTreeMap, BTreeSet};

use classdesk_domain::api_keys::NewApiKey;
use classdesk_domain::blobs::{BlobInfo, BlobState, FileName, StorageKey};
use classdesk_domain::bundles::{BundleStatus, Dates, NumberOfClasses};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::Visibility;
use classdesk_domain::idempotency::{Completed, KeyScope};
use classdesk_domain::ids::{
    ApiKeyId, BlobId, BundleId, MessageAttachmentId, MessageId, ThreadId, TicketId, UserId,
};
use classdesk_domain::people::{
    LoginKey, NewPasswordLink, PasswordHash, Role, Session, TokenHash, User,
};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::text::{Description, Level, MessageText, SubjectLine, Title};
use classdesk_domain::threads::MessageKind;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use classdesk_domain::{ClientNetwork, ExternalId};

#[derive(Debug, Clone)]
pub(super) struct UserRow {
    pub(super) user: User,
    pub(super) password: Option<PasswordHash>,
    pub(super) link: Option<NewPasswordLink>,
}

#[derive(Debug, Clone)]
pub(super) struct SessionRow {
    pub(super) session: Session,
    pub(super) token: TokenHash,
}

/// A key without its owner's names.
#[derive(Debug, Clone)]
pub(super) struct ApiKeyRow {
    pub(super) id: ApiKeyId,
    pub(super) owner: UserId,
    pub(super) key: NewApiKey,
    /// Nothing once it was ended.
    pub(super) token: Option<TokenHash>,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
}

/// A failed login.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) counted_under: LoginKey,
    pub(super) user: Option<UserId>,
    pub(super) network: ClientNetwork,
    pub(super) at: Timestamp,
}

/// A bundle without its parties, which its subject has.
#[derive(Debug, Clone)]
pub(super) struct BundleRow {
    pub(super) external_id: Option<ExternalId>,
    pub(super) id: BundleId,
    pub(super) title: Title,
    pub(super) description: Description,
    pub(super) status: BundleStatus,
    pub(super) level: Level,
    pub(super) number_of_classes: NumberOfClasses,
    pub(super) dates: Dates,
    pub(super) created_by: UserId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) version: i64,
}

#[derive(Debug, Clone)]
pub(super) struct ThreadRow {
    pub(super) id: ThreadId,
    pub(super) about: SubjectRef,
    pub(super) subject: SubjectLine,
    pub(super) is_active: bool,
    pub(super) is_private: bool,
    pub(super) created_by: UserId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) version: i64,
    pub(super) participants: BTreeSet<UserId>,
    /// How far people have read, each step with its time, the furthest last.
    pub(super) marks: BTreeMap<UserId, Vec<(MessageId, Timestamp)>>,
}

impl ThreadRow {
    /// Up to which message a user has read.
    pub(super) fn mark_of(&self, user: UserId) -> Option<MessageId> {
        self.marks
            .get(&user)
            .and_then(|steps| steps.last())
            .map(|(up_to, _)| *up_to)
    }

    /// When a user's mark first reached a message.
    pub(super) fn read_at(&self, user: UserId, message: MessageId) -> Option<Timestamp> {
        let steps = self.marks.get(&user)?;
        steps
            .iter()
            .find(|(up_to, _)| *up_to >= message)
            .map(|(_, at)| *at)
    }
}

#[derive(Debug, Clone)]
pub(super) struct InsertMessage {
    pub(super) id: MessageId,
    pub(super) thread: ThreadId,
    pub(super) sender: UserId,
    pub(super) sender_role: Role,
    pub(super) recipient: Option<UserId>,
    pub(super) text: MessageText,
    pub(super) kind: MessageKind,
    pub(super) reply_to: Option<MessageId>,
    pub(super) attachment: Option<MessageAttachmentId>,
    pub(super) sent_at: Timestamp,
    pub(super) edited_at: Option<Timestamp>,
    pub(super) is_deleted: bool,
    pub(super) version: i64,
}

#[derive(Debug, Clone)]
pub(super) struct TicketRow {
    pub(super) id: TicketId,
    pub(super) title: Title,
    pub(super) description: Description,
    pub(super) priority: TicketPriority,
    pub(super) category: TicketCategory,
    pub(super) status: TicketStatus,
    pub(super) is_escalated: bool,
    pub(super) about: Option<SubjectRef>,
    pub(super) created_by: UserId,
    pub(super) requester: UserId,
    pub(super) assigned_to: Option<UserId>,
    pub(super) resolved_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) version: i64,
}

#[derive(Debug, Clone)]
pub(super) struct TicketMessageRow {
    pub(super) ticket: TicketId,
    pub(super) sender: UserId,
    pub(super) text: MessageText,
    pub(super) is_internal: bool,
    pub(super) is_deleted: bool,
    pub(super) created_at: Timestamp,
}

/// A file as the record that owns its blob keeps it.
#[derive(Debug, Clone)]
pub(super) struct OwnedFile {
    pub(super) blob: BlobId,
    pub(super) name: FileName,
    pub(super) uploaded_by: UserId,
    pub(super) uploaded_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct TicketAttachmentRow {
    pub(super) ticket: TicketId,
    pub(super) file: OwnedFile,
    pub(super) is_internal: bool,
}

#[derive(Debug, Clone)]
pub(super) struct FileRow {
    pub(super) bundle: BundleId,
    pub(super) file: OwnedFile,
    pub(super) description: Description,
    pub(super) visibility: Visibility,
    pub(super) version: i64,
}

#[derive(Debug, Clone)]
pub(super) struct BlobRow {
    pub(super) id: BlobId,
    pub(super) key: StorageKey,
    pub(super) state: BlobState,
    pub(super) info: Option<BlobInfo>,
    pub(super) created_at: Timestamp,
    /// When it is to be swept; while a worker holds it, when the lease ends.
    pub(super) due_at: Option<Timestamp>,
    pub(super) attempts: u32,
}

impl BlobRow {
    /// Whether it is due and nobody holds it.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }
}

#[derive(Debug, Clone)]
pub(super) struct ReservationRow {
    pub(super) scope: KeyScope,
    pub(super) attempt: i64,
    pub(super) reserved_at: Timestamp,
    /// When the lease ends; `None` when it was released.
    pub(super) until: Option<Timestamp>,
    pub(super) completed: Option<Completed>,
}
