//! Bytes on their way in and out.

use std::sync::Arc;

use crate::clock::{Clock, SecretSource};
use crate::error::{Conflict, Error};
use crate::ids::{BundleId, ThreadId, TicketId};

use super::file_name::FileName;
use super::model::{BlobPurpose, FileInfo, FinishedUpload, StorageKey, UPLOAD_GRACE};
use super::ports::{BlobRepository, BlobStore, ByteRange, ByteStream, NewBlob};
use crate::people::model::Actor;
use crate::policy::access_scope::AccessScope;
use crate::policy::permission::{BundleAction, Permission, ThreadAction, TicketAction};
use crate::policy::permit::ReadPermit;
use crate::subjects::model::SubjectRef;
use crate::subjects::ports::SubjectRepository;
use crate::threads::ports::ThreadRepository;
use crate::tickets::ports::TicketRepository;

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadTarget {
    /// A file on this bundle.
    Bundle(BundleId),
    /// A file that comes with a message in this thread.
    Thread(ThreadId),
    /// A file on this ticket.
    Ticket(TicketId),
}

impl UploadTarget {
    const fn purpose(self) -> BlobPurpose {
        match self {
            Self::Bundle(_) => BlobPurpose::BundleFile,
            Self::Thread(_) => BlobPurpose::MessageAttachment,
            Self::Ticket(_) => BlobPurpose::TicketAttachment,
        }
    }
}

/// Proof that a person may upload something for a target. Whether they still may is decided once
/// more when the upload gets its owner.
#[derive(Debug, Clone)]
pub struct UploadPermit {
    actor: Actor,
    target: UploadTarget,
}

/// The first two steps of an upload: from the right to it to durable bytes. The third is
/// [`Files::add`](crate::files::Files::add), [`Messages::send`](crate::threads::Messages::send)
/// or [`Tickets::attach`](crate::tickets::Tickets::attach).
#[derive(Clone)]
pub struct Uploads {
    pub(crate) blob_rows: Arc<dyn BlobRepository>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) threads: Arc<dyn ThreadRepository>,
    pub(crate) tickets: Arc<dyn TicketRepository>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) limit: u64,
}

impl Uploads {
    /// The greatest upload, in bytes.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Checks the right to upload, before a single byte is read.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], and a conflict for a closed thread.
    pub async fn begin(&self, actor: &Actor, target: UploadTarget) -> Result<UploadPermit, Error> {
        match target {
            UploadTarget::Bundle(bundle) => {
                let reference = SubjectRef::bundle(bundle);
                let subject = self.subjects.subject(&reference).await?;
                let parties = subject.ok_or(Error::NotFound)?.parties;
                actor.require(Permission::Bundle(BundleAction::Upload, parties))?;
            }
            UploadTarget::Thread(thread) => {
                let found = self.threads.thread_context(thread, actor.id).await?;
                let facts = found.ok_or(Error::NotFound)?;
                actor.require(Permission::Thread(ThreadAction::Post, facts.access()))?;
                if !facts.is_active {
                    return Err(Conflict::ThreadClosed.into());
                }
            }
            UploadTarget::Ticket(ticket) => {
                let found = self.tickets.ticket(ticket, AccessScope::of(actor)).await?;
                let ticket = found.ok_or(Error::NotFound)?;
                actor.require(ticket.permission(TicketAction::Write))?;
            }
        }
        Ok(UploadPermit {
            actor: *actor,
            target,
        })
    }

    /// Receives the bytes under a fresh key and makes them durable. Should that not succeed,
    /// nothing is left but a row for the sweeper.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Invalid`] for an empty file, and failures of the stores.
    pub async fn receive(
        &self,
        permit: &UploadPermit,
        name: FileName,
        bytes: ByteStream,
    ) -> Result<FinishedUpload, Error> {
        let purpose = permit.target.purpose();
        let key = StorageKey::fresh(purpose, self.secrets.bytes());
        let now = self.clock.now();
        let row = NewBlob {
            key: key.clone(),
            purpose,
            created_by: permit.actor.id,
            created_at: now,
            due_at: now.plus(UPLOAD_GRACE),
        };
        let blob = self.blob_rows.create_blob(row).await?;
        match self.blobs.put(&key, bytes, self.limit).await {
            Ok(info) => Ok(FinishedUpload {
                blob,
                info,
                name,
                uploaded_by: permit.actor.id,
            }),
            Err(error) => {
                // The first error is the one to report; the sweeper finds the row either way.
                let now = self.clock.now();
                let _ = self.blob_rows.mark_blob_deleted(blob, now).await;
                Err(error.into())
            }
        }
    }

    /// Gives up an upload that will get no owner, so that its bytes are swept soon.
    ///
    /// # Errors
    /// Only failures of the store; the upload is swept after a day then.
    pub async fn abandon(&self, upload: &FinishedUpload) -> Result<(), Error> {
        let now = self.clock.now();
        Ok(self.blob_rows.mark_blob_deleted(upload.blob, now).await?)
    }
}

/// Gives up the upload of a use case that did not succeed.
pub(crate) async fn discard_on_error<T>(
    rows: &dyn BlobRepository,
    clock: &dyn Clock,
    upload: Option<&FinishedUpload>,
    outcome: Result<T, Error>,
) -> Result<T, Error> {
    if let (Err(_), Some(upload)) = (&outcome, upload) {
        // A row that can't be turned now is swept after a day.
        let _ = rows.mark_blob_deleted(upload.blob, clock.now()).await;
    }
    outcome
}

/// A file that the actor may read, with the permit to do so.
#[derive(Debug, Clone)]
pub struct Download {
    /// What is known of the file.
    pub file: FileInfo,
    /// The permit.
    pub permit: ReadPermit,
}

/// Reading stored bytes.
#[derive(Clone)]
pub struct Downloads {
    pub(crate) blobs: Arc<dyn BlobStore>,
}

impl Downloads {
    /// Opens stored bytes, or a range of them.
    ///
    /// # Errors
    /// [`Error::Blob`] when the bytes are missing or the storage fails. Damage shows as the
    /// stream's last item.
    pub async fn open(
        &self,
        permit: &ReadPermit,
        range: Option<ByteRange>,
    ) -> Result<ByteStream, Error> {
        Ok(self.blobs.open(permit, range).await?)
    }
}
