//! What is read back from the log.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{EventId, UserId};
use crate::people::model::UserRef;

use super::facts::EventScope;
use super::model::EventAction;

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the log.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserRef>,
    /// What was done.
    pub action: EventAction,
    /// The kind of thing it was done to.
    pub content_type: String,
    /// Its id.
    pub object_id: i64,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
    /// Further facts by name.
    pub detail: BTreeMap<String, String>,
    /// By what it is found, and what decides who may see it.
    pub scope: EventScope,
}

/// A line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// Its place in the log.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the program itself.
    pub actor: Option<UserRef>,
    /// What was done.
    pub action: EventAction,
    /// The value before, for changes of one value.
    pub from: Option<String>,
    /// The value after, for changes of one value.
    pub to: Option<String>,
}

/// What the audit log is searched for. Every given filter has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Done by this person.
    pub actor: Option<UserId>,
    /// This was done.
    pub action: Option<EventAction>,
    /// Done to this kind of thing.
    pub content_type: Option<String>,
    /// Done to a thing with this id.
    pub object_id: Option<i64>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}
