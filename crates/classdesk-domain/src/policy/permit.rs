//! The permit without which no bytes are opened.

use crate::blobs::{BlobInfo, StorageKey, StoredBlob};
use crate::error::Error;
use crate::people::Actor;

use super::{FileAction, Permission, ThreadAction, TicketAction, authorize};

/// Proof that the policy has allowed somebody to read certain stored bytes.
///
/// A [`BlobStore`](crate::blobs::BlobStore) opens nothing without one, and only this module makes
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPermit {
    blob: StoredBlob,
}

impl ReadPermit {
    /// Where the bytes are.
    #[must_use]
    pub const fn key(&self) -> &StorageKey {
        &self.blob.key
    }

    /// What the bytes have to be.
    #[must_use]
    pub const fn info(&self) -> &BlobInfo {
        &self.blob.info
    }

    /// A permit for the program itself, which reads every object to compare it with its row.
    pub(crate) const fn for_consistency_check(blob: StoredBlob) -> Self {
        Self { blob }
    }
}

/// Asks whether `actor` may see the thing that the bytes belong to, and makes the permit.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Forbidden`], as [`authorize`] says; a question that is not about
/// seeing a thread, a ticket or a file permits no reading.
pub fn permit_read(actor: &Actor, ask: &Permission, blob: StoredBlob) -> Result<ReadPermit, Error> {
    match ask {
        Permission::Thread(ThreadAction::See, _)
        | Permission::Ticket(TicketAction::See | TicketAction::SeeInternal, _)
        | Permission::File(FileAction::See, _) => authorize(actor, ask).require()?,
        _ => return Err(Error::NotFound),
    }
    Ok(ReadPermit { blob })
}
