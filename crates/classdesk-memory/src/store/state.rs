//! All tables together, and how rows become what the ports answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use classdesk_domain::ClientNetwork;
use classdesk_domain::blobs::{BlobState, FileInfo, FinishedUpload, StoredBlob};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::EventRecord;
use classdesk_domain::ids::{
    ApiKeyId, BlobId, BundleId, DeliveryId, EventId, FileId, IdempotencyId, MessageAttachmentId,
    MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId, TicketMessageId, UserId,
    WebhookId,
};
use classdesk_domain::links::LinkKey;
use classdesk_domain::paging::{Cursor, Page, PageRequest, Seek, SeekRequest};
use classdesk_domain::people::UserRef;
use classdesk_domain::store::StoreError;
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectRef};

use super::rows::{
    ApiKeyRow, BlobRow, BundleRow, Failure, FileRow, InsertMessage, OwnedFile, ReservationRow,
    SessionRow, ThreadRow, TicketAttachmentRow, TicketMessageRow, TicketRow, UserRow,
};
use super::table::Table;
use super::webhook_rows::{DeliveryRow, WebhookRow};

/// Everything that the store knows.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) users: Table<UserId, UserRow>,
    pub(super) sessions: Table<SessionId, SessionRow>,
    pub(super) api_keys: Table<ApiKeyId, ApiKeyRow>,
    pub(super) failures: Arc<Vec<Failure>>,
    /// When each person last signed in from each network.
    pub(super) login_networks: Arc<HashMap<(UserId, ClientNetwork), Timestamp>>,
    pub(super) subjects: Arc<BTreeMap<SubjectRef, Subject>>,
    /// The greatest number of each kind that a removed subject had.
    pub(super) removed_numbers: BTreeMap<SubjectKind, i64>,
    pub(super) bundles: Table<BundleId, BundleRow>,
    pub(super) threads: Table<ThreadId, ThreadRow>,
    pub(super) messages: Table<MessageId, InsertMessage>,
    pub(super) message_attachments: Table<MessageAttachmentId, OwnedFile>,
    pub(super) tickets: Table<TicketId, TicketRow>,
    pub(super) ticket_messages: Table<TicketMessageId, TicketMessageRow>,
    pub(super) ticket_attachments: Table<TicketAttachmentId, TicketAttachmentRow>,
    pub(super) files: Table<FileId, FileRow>,
    pub(super) blobs: Table<BlobId, BlobRow>,
    pub(super) events: Table<EventId, EventRecord>,
    pub(super) reservations: Table<IdempotencyId, ReservationRow>,
    /// By day.
    pub(super) link_keys: BTreeMap<i64, LinkKey>,
    pub(super) webhooks: Table<WebhookId, WebhookRow>,
    pub(super) deliveries: Table<DeliveryId, DeliveryRow>,
    /// Up to where the log is queued for webhooks.
    pub(super) delivery_position: i64,
}

impl State {
    /// A person that a row names. People are never removed, and rows name only people there are.
    pub(super) fn person(&self, id: UserId) -> UserRef {
        let row = self.users.get(id).expect("rows name people there are");
        row.user.to_ref()
    }

    /// The parties of a subject that a row names. Subjects that rows name are never removed.
    pub(super) fn parties(&self, subject: &SubjectRef) -> Parties {
        let row = self.subjects.get(subject);
        row.expect("rows name subjects there are").parties
    }

    /// Checks that the parties of a commit exist.
    pub(super) fn people_there(&self, parties: &Parties) -> Result<(), StoreError> {
        self.users.there(parties.client)?;
        parties
            .assigned_writer
            .map_or(Ok(()), |writer| self.users.there(writer).map(|_| ()))
    }

    /// Turns a pending blob to stored, for the record that will own it.
    pub(super) fn take_upload(
        &mut self,
        upload: FinishedUpload,
        uploaded_at: Timestamp,
    ) -> Result<OwnedFile, StoreError> {
        self.users.there(upload.uploaded_by)?;
        let blob = self.blobs.change(upload.blob)?;
        if blob.state != BlobState::Pending {
            return Err(StoreError::Stale);
        }
        blob.state = BlobState::Stored;
        blob.due_at = None;
        blob.info = Some(upload.info);
        Ok(OwnedFile {
            blob: upload.blob,
            name: upload.name,
            uploaded_by: upload.uploaded_by,
            uploaded_at,
        })
    }

    /// Turns the blob of a record that goes away to deleted.
    pub(super) fn drop_blob(&mut self, id: BlobId, at: Timestamp) -> Result<(), StoreError> {
        let blob = self.blobs.change(id)?;
        blob.state = BlobState::Deleted;
        blob.due_at = Some(at);
        Ok(())
    }

    /// Where a file's bytes are.
    pub(super) fn stored_blob(&self, file: &OwnedFile) -> StoredBlob {
        let blob = self.blobs.get(file.blob).expect("owned blobs are kept");
        StoredBlob {
            id: blob.id,
            key: blob.key.clone(),
            info: blob.info.clone().expect("owned blobs are stored"),
        }
    }

    /// What may be known of a file.
    pub(super) fn file_info(&self, file: &OwnedFile) -> FileInfo {
        FileInfo {
            name: file.name.clone(),
            blob: self.stored_blob(file).info,
            uploaded_by: self.person(file.uploaded_by),
            uploaded_at: file.uploaded_at,
        }
    }

    /// Counts a change of a subject's parties in its threads, and adds a new writer to those that are
    /// not private.
    pub(super) fn change_parties(&mut self, subject: &SubjectRef, joins: Option<UserId>) {
        for thread in self.threads.rows_mut() {
            if thread.about == *subject {
                thread.version += 1;
                let joins = joins.filter(|_| !thread.is_private);
                thread.participants.extend(joins);
            }
        }
    }
}

/// A page of rows that come by ascending position.
pub(super) fn page_up<T>(
    rows: impl Iterator<Item = T>,
    page: PageRequest,
    position: impl Fn(&T) -> Cursor,
) -> Page<T> {
    page_where(rows, page, position, |at, after| at > after)
}

/// A page of rows that come by descending position.
pub(super) fn page_down<T>(
    rows: impl Iterator<Item = T>,
    page: PageRequest,
    position: impl Fn(&T) -> Cursor,
) -> Page<T> {
    page_where(rows, page, position, |at, after| at < after)
}

/// A page of rows that come by ascending id, read from either end.
pub(super) fn page_seek<T>(
    rows: impl DoubleEndedIterator<Item = T>,
    page: SeekRequest,
    id: impl Fn(&T) -> i64,
) -> Page<T> {
    let one_more = page.limit.get() as usize + 1;
    let rows = match page.seek {
        Seek::After(start) => {
            let later = rows.filter(|row| id(row) > start);
            later.take(one_more).collect()
        }
        Seek::Before(end) => {
            let earlier = rows.rev().filter(|row| id(row) < end);
            earlier.take(one_more).collect()
        }
    };
    Page::cut_seek(rows, page, id)
}

fn page_where<T>(
    rows: impl Iterator<Item = T>,
    page: PageRequest,
    position: impl Fn(&T) -> Cursor,
    beyond: impl Fn((i64, i64), (i64, i64)) -> bool,
) -> Page<T> {
    let place = |at: Cursor| (at.key, at.id);
    let rows = rows
        .filter(|row| {
            page.after
                .is_none_or(|after| beyond(place(position(row)), place(after)))
        })
        .take(page.limit.get() as usize + 1)
        .collect();
    Page::cut(rows, page.limit, position)
}
