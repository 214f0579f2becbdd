//! The permit without which no bytes are opened.

use crate::blobs::model::{BlobInfo, StorageKey, StoredBlob};
use crate::people::model::Actor;

use super::authorize::authorize;
use super::decision::Denied;
use super::permission::{FileAction, Permission, ThreadAction, TicketAction};

/// Proof that the policy has allowed a person to read certain stored bytes.
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
/// As [`authorize`] decides; a question that is not about
/// seeing a thread, a ticket or a file permits no reading.
pub fn permit_read(
    actor: &Actor,
    ask: &Permission,
    blob: StoredBlob,
) -> Result<ReadPermit, Denied> {
    match ask {
        Permission::Thread(ThreadAction::See, _)
        | Permission::Ticket(TicketAction::See | TicketAction::SeeInternal, _)
        | Permission::File(FileAction::See, _) => authorize(actor, ask).require(ask.right())?,
        _ => return Err(Denied::Hidden),
    }
    Ok(ReadPermit { blob })
}
