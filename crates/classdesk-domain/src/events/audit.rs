//! What is read back from the log.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, EventId, UserId};
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
    /// By which key, if a program did it.
    pub key: Option<ApiKeyId>,
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
    pub from: Option<HistoryValue>,
    /// The value after, for changes of one value.
    pub to: Option<HistoryValue>,
}

/// A value before or after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryValue {
    /// A word or a text.
    Text(String),
    /// A person. The log has their id.
    Person(UserRef),
}

impl AuditEntry {
    /// The people whose ids are the values before and after.
    #[must_use]
    pub fn people(&self) -> Vec<UserId> {
        if self.action != EventAction::TicketAssigned {
            return Vec::new();
        }
        let values = [&self.from, &self.to].into_iter().flatten();
        values.filter_map(|value| person_id(value)).collect()
    }

    /// The line of a ticket's history for this entry, with these people.
    #[must_use]
    pub fn into_line(self, person: impl Fn(UserId) -> Option<UserRef>) -> HistoryLine {
        let names_people = self.action == EventAction::TicketAssigned;
        let value = |text: String| {
            let person = person_id(&text).filter(|_| names_people).and_then(&person);
            person.map_or(HistoryValue::Text(text), HistoryValue::Person)
        };
        HistoryLine {
            id: self.id,
            at: self.at,
            actor: self.actor,
            action: self.action,
            from: self.from.map(value),
            to: self.to.map(value),
        }
    }
}

fn person_id(text: &str) -> Option<UserId> {
    text.parse().ok().map(UserId::new)
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
