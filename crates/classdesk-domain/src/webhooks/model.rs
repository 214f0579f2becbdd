//! Webhooks: who is told of events outside, and of which.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::events::feed::{Event, EventTypes};
use crate::events::model::EventAction;
use crate::from_text::from_text;
use crate::ids::{DeliveryId, EventId, WebhookId};
use crate::people::model::UserRef;
use crate::text::{Description, text_type};
use crate::validation::FieldError;

use super::words::{DeliveryState, DisabledReason, SendFailure};

/// How many webhooks there are at most.
pub const MAX_WEBHOOKS: usize = 20;

/// How long deliveries that arrived are kept, and others that ended.
pub(crate) const ARRIVED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
pub(crate) const ENDED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

text_type! {
    /// Where a webhook's requests go. What an address has to be is checked by the
    /// [`WebhookSender`](super::WebhookSender), which also goes by it.
    WebhookUrl
}

from_text!(WebhookUrl);

impl WebhookUrl {
    /// The greatest number of characters.
    pub const MAX: usize = 2_048;

    /// Checks the length of what was sent.
    ///
    /// # Errors
    /// A [`FieldError`] when it is empty or too long.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let text = raw.trim();
        match text.chars().count() {
            0 => Err(FieldError::Blank),
            1..=Self::MAX => Ok(Self(text.to_owned())),
            _ => Err(FieldError::TooLong { max: Self::MAX }),
        }
    }

    /// Scheme, host and port. What follows may be secret, so no log has it.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |end| end + 3);
        let length = self.0[host..].find(['/', '?', '#', '\\']);
        length.map_or(&self.0, |length| &self.0[..host + length])
    }
}

/// The types of events that a webhook gets, in the words of whoever chose them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    words: Vec<String>,
    types: EventTypes,
}

impl Subscription {
    /// How many words it has at most.
    pub const MAX: usize = 50;

    /// Every type of event.
    #[must_use]
    pub fn all() -> Self {
        Self::parse(vec!["*".to_owned()]).expect("a star stands for all types")
    }

    /// Reads types such as `message.sent`, beginnings such as `ticket.*`, and `*` for all.
    ///
    /// # Errors
    /// A [`FieldError`] when there is no word, more than [`Subscription::MAX`], or one that names no
    /// type.
    pub fn parse(words: Vec<String>) -> Result<Self, FieldError> {
        match words.len() {
            0 => return Err(FieldError::Blank),
            1..=Self::MAX => {}
            _ => return Err(FieldError::TooManyWords { max: Self::MAX }),
        }
        let types = EventTypes::parse(words.iter().map(String::as_str))?;
        Ok(Self { words, types })
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// What an administrator chooses of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where its requests go.
    pub url: WebhookUrl,
    /// Of which types of events it gets to know.
    pub types: Subscription,
    /// Whether it gets to know of internal notes.
    pub include_internal: bool,
    /// What it is for.
    pub description: Description,
}

impl WebhookSettings {
    /// Whether an event is sent to it.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        let is_internal = event.scope.ticket.is_some_and(|line| line.is_internal);
        self.types.types.contains(event.line.action) && (self.include_internal || !is_internal)
    }
}

/// A change of a webhook. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookChange {
    /// Another address.
    pub url: Option<WebhookUrl>,
    /// Other types of events.
    pub types: Option<Subscription>,
    /// Whether it gets to know of internal notes.
    pub include_internal: Option<bool>,
    /// Another description.
    pub description: Option<Description>,
    /// Whether it is active.
    pub is_active: Option<bool>,
}

/// How a webhook's latest attempts went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookHealth {
    /// When an event last arrived.
    pub last_success_at: Option<Timestamp>,
    /// Since when there were only failures.
    pub failing_since: Option<Timestamp>,
    /// How many there were in a row.
    pub failures: u32,
    /// Until when it is left alone.
    pub paused_until: Option<Timestamp>,
}

/// A receiver of events outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What was chosen of it.
    pub settings: WebhookSettings,
    /// Why it is not active; `None` when it is.
    pub disabled: Option<DisabledReason>,
    /// It gets events with a greater id than this.
    pub starts_after: EventId,
    /// How it fares.
    pub health: WebhookHealth,
    /// Who created it.
    pub created_by: UserRef,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts the changes of what was chosen, from 1.
    pub version: i64,
}

impl Webhook {
    /// Whether events are sent to it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.disabled.is_none()
    }

    /// Whether an event is queued for it.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        self.is_active() && event.id() > self.starts_after && self.settings.takes(event)
    }
}

/// What a delivery brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// An event.
    Event(EventId, EventAction),
    /// A try whether the receiver is there.
    Ping,
}

impl DeliveryKind {
    /// The type of a ping.
    pub const PING: &'static str = "webhook.ping";

    /// Its type, as the receiver reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event(_, action) => action.as_str(),
            Self::Ping => Self::PING,
        }
    }

    /// The event, if it brings one.
    #[must_use]
    pub const fn event(self) -> Option<EventId> {
        match self {
            Self::Event(id, _) => Some(id),
            Self::Ping => None,
        }
    }
}

/// A delivery to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// What it brings.
    pub kind: DeliveryKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is tried next, if it is.
    pub next_attempt_at: Option<Timestamp>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// How many attempts there were.
    pub attempt_count: u32,
}

/// One try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: Timestamp,
    /// The HTTP status of the answer.
    pub status: Option<u16>,
    /// Why there was no answer that counts.
    pub error: Option<SendFailure>,
    /// How long it took.
    pub duration: Duration,
    /// The beginning of the answer's body.
    pub response: Option<String>,
}

/// Which deliveries of a webhook are listed. Every given filter has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this type.
    pub kind: Option<&'static str>,
    /// Queued at this time or later.
    pub since: Option<Timestamp>,
    /// Queued before this time.
    pub until: Option<Timestamp>,
}
