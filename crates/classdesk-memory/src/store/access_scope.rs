//! Access scopes as predicates over rows.

use classdesk_domain::files::Visibility;
use classdesk_domain::ids::UserId;
use classdesk_domain::policy::{
    BundleScope, FileScope, NoteScope, ReceiptScope, ThreadScope, TicketScope,
};
use classdesk_domain::subjects::{Parties, SubjectRef};

use super::rows::{ThreadRow, TicketRow};
use super::state::State;

impl State {
    pub(super) fn thread_in_scope(&self, thread: &ThreadRow, scope: ThreadScope) -> bool {
        let parties = || self.parties(&thread.about);
        match scope {
            ThreadScope::All => true,
            ThreadScope::OwnedAndJoined(client) => {
                thread.participants.contains(&client) && parties().client == client
            }
            ThreadScope::AssignedAndJoined(writer) => {
                thread.participants.contains(&writer) && parties().assigned_writer == Some(writer)
            }
        }
    }

    pub(super) fn ticket_in_scope(&self, ticket: &TicketRow, scope: TicketScope) -> bool {
        let writer = || {
            let about = ticket.about.as_ref()?;
            self.parties(about).assigned_writer
        };
        match scope {
            TicketScope::All => true,
            TicketScope::RequestedBy(requester) => ticket.requester == requester,
            TicketScope::RequestedByUnlessAssigned(requester) => {
                ticket.requester == requester && writer() != Some(requester)
            }
        }
    }

    pub(super) fn threads_about(&self, subject: &SubjectRef, scope: ThreadScope) -> i64 {
        let seen = self
            .threads
            .rows()
            .filter(|row| row.about == *subject && self.thread_in_scope(row, scope));
        count(seen)
    }

    pub(super) fn tickets_about(&self, subject: &SubjectRef, scope: TicketScope) -> i64 {
        let seen = self
            .tickets
            .rows()
            .filter(|row| row.about.as_ref() == Some(subject) && self.ticket_in_scope(row, scope));
        count(seen)
    }
}

pub(super) fn bundle_in_scope(parties: &Parties, scope: BundleScope) -> bool {
    match scope {
        BundleScope::All => true,
        BundleScope::OwnedBy(client) => parties.client == client,
        BundleScope::AssignedTo(writer) => parties.assigned_writer == Some(writer),
    }
}

pub(super) const fn file_in_scope(visibility: Visibility, scope: FileScope) -> bool {
    match scope {
        FileScope::All => true,
        FileScope::VisibleToClient => visibility.to_client,
        FileScope::VisibleToWriter => visibility.to_writer,
    }
}

pub(super) const fn note_in_scope(is_internal: bool, scope: NoteScope) -> bool {
    match scope {
        NoteScope::All => true,
        NoteScope::PublicOnly => !is_internal,
    }
}

pub(super) fn receipts_in_scope(viewer: UserId, sender: UserId, scope: ReceiptScope) -> bool {
    match scope {
        ReceiptScope::All => true,
        ReceiptScope::OwnMessages => viewer == sender,
    }
}

/// How many rows there are, as the ports count.
pub(super) fn count<T>(rows: impl Iterator<Item = T>) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}
