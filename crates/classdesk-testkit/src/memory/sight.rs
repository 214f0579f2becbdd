//! Sight as predicates over rows.

use classdesk_domain::files::Visibility;
use classdesk_domain::ids::UserId;
use classdesk_domain::policy::{
    BundleSight, FileSight, NoteSight, ReceiptSight, ThreadSight, TicketSight,
};
use classdesk_domain::subjects::{Parties, SubjectRef};

use super::rows::{ThreadRow, TicketRow};
use super::state::State;

impl State {
    pub(super) fn thread_in_sight(&self, thread: &ThreadRow, sight: ThreadSight) -> bool {
        let parties = || self.parties(&thread.about);
        match sight {
            ThreadSight::All => true,
            ThreadSight::OwnedAndJoined(client) => {
                thread.participants.contains(&client) && parties().client == client
            }
            ThreadSight::AssignedAndJoined(writer) => {
                thread.participants.contains(&writer) && parties().assigned_writer == Some(writer)
            }
        }
    }

    pub(super) fn ticket_in_sight(&self, ticket: &TicketRow, sight: TicketSight) -> bool {
        let writer = || {
            let about = ticket.about.as_ref()?;
            self.parties(about).assigned_writer
        };
        match sight {
            TicketSight::All => true,
            TicketSight::RequestedBy(requester) => ticket.requester == requester,
            TicketSight::RequestedByUnlessAssigned(requester) => {
                ticket.requester == requester && writer() != Some(requester)
            }
        }
    }

    pub(super) fn threads_about(&self, subject: &SubjectRef, sight: ThreadSight) -> i64 {
        let seen = self
            .threads
            .rows()
            .filter(|row| row.about == *subject && self.thread_in_sight(row, sight));
        count(seen)
    }

    pub(super) fn tickets_about(&self, subject: &SubjectRef, sight: TicketSight) -> i64 {
        let seen = self
            .tickets
            .rows()
            .filter(|row| row.about.as_ref() == Some(subject) && self.ticket_in_sight(row, sight));
        count(seen)
    }
}

pub(super) fn bundle_in_sight(parties: &Parties, sight: BundleSight) -> bool {
    match sight {
        BundleSight::All => true,
        BundleSight::OwnedBy(client) => parties.client == client,
        BundleSight::AssignedTo(writer) => parties.assigned_writer == Some(writer),
    }
}

pub(super) const fn file_in_sight(visibility: Visibility, sight: FileSight) -> bool {
    match sight {
        FileSight::All => true,
        FileSight::VisibleToClient => visibility.to_client,
        FileSight::VisibleToWriter => visibility.to_writer,
    }
}

pub(super) const fn note_in_sight(is_internal: bool, sight: NoteSight) -> bool {
    match sight {
        NoteSight::All => true,
        NoteSight::PublicOnly => !is_internal,
    }
}

pub(super) fn receipts_in_sight(viewer: UserId, sender: UserId, sight: ReceiptSight) -> bool {
    match sight {
        ReceiptSight::All => true,
        ReceiptSight::OwnMessages => viewer == sender,
    }
}

/// How many rows there are, as the ports count.
pub(super) fn count<T>(rows: impl Iterator<Item = T>) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}
