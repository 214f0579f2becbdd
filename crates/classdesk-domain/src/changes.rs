//! Telling that nothing has changed, without reading it again.
//!
//! Clients ask for the same thing again and again. A store that notices every change can say
//! whether what an earlier answer rested on is still what it was, at a fraction of the cost of
//! reading it; a shell then answers "unchanged" to whoever was told so before.
//!
//! It is no way around the [`policy`](crate::policy): a mark is only ever compared with the one
//! under which the same person, in the same role, was let in by it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ids::{ThreadId, TicketId};
use crate::subjects::SubjectRef;

/// What an answer rests on, as finely as changes are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChangeScope {
    /// A subject: its fields, parties and files, and how many threads and tickets on it somebody
    /// sees. The messages of its threads and whatever is on its tickets are no part of it.
    Subject(SubjectRef),
    /// A thread: its participants, its messages with their files and receipts, and its subject's
    /// parties.
    Thread(ThreadId),
    /// A ticket: its fields, messages, files and history, and its subject's label and parties.
    Ticket(TicketId),
}

/// The state of a scope, for comparing with an earlier one of the same store in the same process.
/// It has no other meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark(u128);

impl ChangeMark {
    /// A mark by the number that a store gives to a state.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }
}

/// Noticing changes.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ChangeMarks: Send + Sync {
    /// The present state of a scope. `None` when the store can't tell, or a change is under way.
    ///
    /// Whatever was read of the scope after one mark was given MUST still be true when a later mark
    /// equals it, for every viewer; people and their names are part of every scope. So a mark has
    /// to be another one before a change is acknowledged, and before anybody can read the change.
    /// Two marks MAY differ without any change. It MUST NOT matter whether the scope exists.
    ///
    /// A change by another process MAY go unnoticed for as long as that process is told to wait
    /// after it (see the adapter), and no longer.
    async fn mark(&self, scope: &ChangeScope) -> Option<ChangeMark>;
}

/// Asking whether something has changed.
#[derive(Clone)]
pub struct Changes {
    pub(crate) changes: Arc<dyn ChangeMarks>,
}

impl Changes {
    /// The present state of a scope, to be asked for *before* it is read. An answer that was read
    /// after a mark stands for the same person in the same role for as long as the mark is the
    /// same.
    pub async fn mark(&self, scope: &ChangeScope) -> Option<ChangeMark> {
        self.changes.mark(scope).await
    }
}
