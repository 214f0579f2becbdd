//! What an actor may see in lists and counts, as values that a repository turns into a query.
//!
//! Each list is filtered by the same rule that decides about a single read; the tests hold the
//! two against each other.

use crate::ids::UserId;
use crate::people::model::{Actor, Role};

/// Which bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleScope {
    /// All.
    All,
    /// Those of this client.
    OwnedBy(UserId),
    /// Those of this writer.
    AssignedTo(UserId),
}

/// Which threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThreadScope {
    /// All.
    All,
    /// Those that this client participates in, on subjects that they own.
    OwnedAndJoined(UserId),
    /// Those that this writer participates in, on subjects that are assigned to them.
    AssignedAndJoined(UserId),
}

/// Which tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TicketScope {
    /// All.
    All,
    /// Those of this requester.
    RequestedBy(UserId),
    /// Those of this requester, except on subjects of which they are the writer.
    RequestedByUnlessAssigned(UserId),
}

/// Which files of a bundle that is itself in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileScope {
    /// All.
    All,
    /// Those visible to the client.
    VisibleToClient,
    /// Those visible to the writer.
    VisibleToWriter,
}

/// Which messages, files and history lines of a ticket that is itself in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteScope {
    /// All.
    All,
    /// Those that are not internal.
    PublicOnly,
}

/// On which messages read receipts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptScope {
    /// On all.
    All,
    /// On those that the viewer sent.
    OwnMessages,
}

/// All that an actor may see, one rule for each kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccessScope {
    /// The viewer. `unread_count` and `is_read` are theirs.
    pub viewer: UserId,
    /// Which bundles.
    pub bundles: BundleScope,
    /// Which threads.
    pub threads: ThreadScope,
    /// Which tickets.
    pub tickets: TicketScope,
    /// Which files.
    pub files: FileScope,
    /// What on tickets.
    pub notes: NoteScope,
    /// Which receipts.
    pub receipts: ReceiptScope,
}

impl AccessScope {
    /// What this actor may see.
    ///
    /// It needs no subject: a client can only ever be an owner, a writer only ever an assigned
    /// writer.
    #[must_use]
    pub const fn of(actor: &Actor) -> Self {
        let viewer = actor.id;
        match actor.role {
            Role::Client => Self {
                viewer,
                bundles: BundleScope::OwnedBy(viewer),
                threads: ThreadScope::OwnedAndJoined(viewer),
                tickets: TicketScope::RequestedBy(viewer),
                files: FileScope::VisibleToClient,
                notes: NoteScope::PublicOnly,
                receipts: ReceiptScope::OwnMessages,
            },
            Role::Writer => Self {
                viewer,
                bundles: BundleScope::AssignedTo(viewer),
                threads: ThreadScope::AssignedAndJoined(viewer),
                tickets: TicketScope::RequestedByUnlessAssigned(viewer),
                files: FileScope::VisibleToWriter,
                notes: NoteScope::PublicOnly,
                receipts: ReceiptScope::OwnMessages,
            },
            Role::Editor | Role::Admin | Role::Superadmin => Self {
                viewer,
                bundles: BundleScope::All,
                threads: ThreadScope::All,
                tickets: TicketScope::All,
                files: FileScope::All,
                notes: NoteScope::All,
                receipts: ReceiptScope::All,
            },
        }
    }
}
