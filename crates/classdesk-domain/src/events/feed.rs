//! The feed: what people and programs are told of the log (docs/contract.md#events).

use std::collections::BTreeSet;

use crate::ids::{EventId, UserId};
use crate::people::model::UserRef;
use crate::subjects::model::{Parties, SubjectRef};
use crate::validation::FieldError;

use super::audit::{AuditEntry, HistoryLine};
use super::facts::EventScope;
use super::model::EventAction;

/// An event as the feed tells it: never with the text of a message, a title or the name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, who, and what was done. Only changes of one field of a ticket have a value before and
    /// after.
    pub line: HistoryLine,
    /// The kind of thing it was done to.
    pub content_type: String,
    /// Its id.
    pub object_id: i64,
    /// What decides who is told of it.
    pub scope: EventScope,
}

impl Event {
    /// Its place in the log.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.line.id
    }
}

impl AuditEntry {
    /// What the feed tells of this entry, with these people.
    #[must_use]
    pub fn into_event(mut self, person: impl Fn(UserId) -> Option<UserRef>) -> Event {
        if !self.action.tells_values() {
            (self.from, self.to) = (None, None);
        }
        let (content_type, object_id) = (self.content_type.clone(), self.object_id);
        let scope = self.scope.clone();
        Event {
            line: self.into_line(person),
            content_type,
            object_id,
            scope,
        }
    }
}

/// The beginnings of the actions that stand in the audit log alone.
const AUDIT_ONLY: [&str; 4] = ["user.", "session.", "api_key.", "webhook."];

impl EventAction {
    /// Whether the feed tells of it. The others stand in the audit log alone.
    #[must_use]
    pub fn is_in_feed(self) -> bool {
        let word = self.as_str();
        !AUDIT_ONLY.iter().any(|start| word.starts_with(start))
    }

    /// Whether the feed tells the value before and after.
    const fn tells_values(self) -> bool {
        matches!(
            self,
            Self::TicketStatusChanged
                | Self::TicketPriorityChanged
                | Self::TicketCategoryChanged
                | Self::TicketAssigned
        )
    }
}

/// Which types of events are wanted; by default all that the feed tells of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventTypes(Option<BTreeSet<EventAction>>);

/// The types that the feed tells of.
fn told() -> impl Iterator<Item = EventAction> {
    EventAction::ALL
        .iter()
        .copied()
        .filter(|action| action.is_in_feed())
}

/// The beginning of a type up to its dot.
fn group_of(action: EventAction) -> &'static str {
    let word = action.as_str();
    &word[..word.find('.').map_or(0, |dot| dot + 1)]
}

impl EventTypes {
    /// The word for all types.
    const ALL: &'static str = "*";

    /// Reads types such as `message.sent`, beginnings such as `ticket.*`, and `*` for all.
    ///
    /// # Errors
    /// [`FieldError::NotAChoice`] for a word that names none.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, FieldError> {
        let mut all = false;
        let mut wanted = BTreeSet::new();
        for word in words {
            all |= word == Self::ALL;
            let named = told().filter(|action| match word.strip_suffix('*') {
                Some(group) => group_of(*action) == group,
                None => action.as_str() == word,
            });
            let named: Vec<_> = named.collect();
            if named.is_empty() && word != Self::ALL {
                let allowed: Vec<_> = told().map(EventAction::as_str).collect();
                return Err(FieldError::NotAChoice {
                    allowed: allowed.join(", "),
                });
            }
            wanted.extend(named);
        }
        Ok(Self((!all).then_some(wanted)))
    }

    /// Every word that [`EventTypes::parse`] reads: all, each group, and each type.
    #[must_use]
    pub fn words() -> Vec<String> {
        let groups: BTreeSet<_> = told().map(group_of).collect();
        let groups = groups.into_iter().map(|group| format!("{group}*"));
        let types = told().map(|action| action.as_str().to_owned());
        [Self::ALL.to_owned()]
            .into_iter()
            .chain(groups)
            .chain(types)
            .collect()
    }

    /// Whether events of this type are wanted.
    #[must_use]
    pub fn contains(&self, action: EventAction) -> bool {
        let wanted = self.0.as_ref();
        wanted.is_none_or(|wanted| wanted.contains(&action)) && action.is_in_feed()
    }

    /// The wanted types, unless all are.
    #[must_use]
    pub fn only(&self) -> Option<&BTreeSet<EventAction>> {
        self.0.as_ref()
    }
}

/// Which events are wanted, of those that the reader may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Of these types.
    pub types: EventTypes,
    /// On this subject.
    pub subject: Option<SubjectRef>,
}

impl EventFilter {
    /// Whether an event is wanted.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let subject = self.subject.as_ref();
        self.types.contains(event.line.action)
            && subject.is_none_or(|subject| event.scope.subject.as_ref() == Some(subject))
    }
}

/// Up to where the log can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// Every event with an id up to this one can be read from now on, or will never exist.
    pub complete: EventId,
    /// No event has a greater id now. Those after `complete` may still be on their way.
    pub last: EventId,
}

/// A part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRange {
    /// Events with a greater id.
    pub after: EventId,
    /// Up to this one.
    pub up_to: EventId,
}

/// Events that a reader may see, by ascending id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// Up to here nothing is missing. The next page begins after it.
    pub up_to: EventId,
}

/// An event with the people who may see it at most, beside staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailEvent {
    /// The event.
    pub event: Event,
    /// The parties of its subject now.
    pub parties: Option<Parties>,
}

impl TailEvent {
    /// The people whom it may concern, beside staff. Not all of them may see it.
    pub fn audience(&self) -> impl Iterator<Item = UserId> {
        let parties = self.parties.into_iter();
        parties
            .flat_map(|parties| [Some(parties.client), parties.assigned_writer])
            .chain([self.event.scope.requester])
            .flatten()
    }
}
