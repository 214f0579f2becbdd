//! Webhooks, what is sent to them, and how that is written.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{EventAction, EventTypes};
use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::text::Description;
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{
    DeliveryAttempt, DeliveryFilter, DeliveryKind, DeliveryState, DisabledReason, NewSecret,
    OldFor, Replay, SendFailure, Subscription, Webhook, WebhookChange, WebhookDelivery,
    WebhookFormat, WebhookMessage, WebhookSecret, WebhookSettings, WebhookUrl,
};
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder};

use crate::input::{AnyIdOrZero, Fields, Input, Raw, input, inputs, text_like};
use crate::output::{outputs, to_json, view};
use crate::schema::{formatted, integer, string};

use super::events::EventView;
use super::people::UserRefView;

view! {
    /// A receiver of events outside.
    WebhookView from (webhook: Webhook) {
        /// Its id.
        id: WebhookId,
        /// Where its requests go.
        url: String = webhook.settings.url.to_string(),
        /// What it is for.
        description: Description = webhook.settings.description,
        /// The types of events that it gets, such as `message.sent`, `ticket.*` or `*`.
        types: Vec<String> = webhook.settings.types.words().to_vec(),
        /// Whether it gets to know of internal notes.
        include_internal: bool = webhook.settings.include_internal,
        /// Whether events are sent to it.
        is_active: bool = webhook.disabled.is_none(),
        /// Why it is not active; null when it is.
        disabled_reason: Option<DisabledReason> = webhook.disabled,
        /// Who created it.
        created_by: UserRefView = webhook.created_by.into(),
        /// When.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
        /// When an event last arrived.
        last_success_at: Option<Timestamp> = webhook.health.last_success_at,
        /// Since when every attempt has failed; null when the last one did not.
        failing_since: Option<Timestamp> = webhook.health.failing_since,
        /// Counts its changes; the first part of the `ETag`.
        version: i64,
    },
    example {
        "id": 3, "url": "https://hooks.example.com/classdesk", "description": "CRM",
        "types": ["*"], "include_internal": false, "is_active": true, "disabled_reason": null,
        "created_by": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
        "last_success_at": "2026-03-02T08:30:00.000000Z", "failing_since": null, "version": 1,
    }
}

view! {
    /// A webhook that was created, with its secret.
    CreatedWebhookView from (created: (Webhook, WebhookSecret)) {
        ..webhook: WebhookView = created.0.into(),
        /// What its requests are signed with. It is not shown again.
        secret: String = created.1.expose(),
    }
}

view! {
    /// A secret that a webhook got.
    NewSecretView from (new: NewSecret) {
        /// What requests are signed with. It is not shown again.
        secret: String = new.secret.expose(),
        /// Until when they are signed with the secret before too; null when they are not.
        old_valid_until: Option<Timestamp>,
    },
    example {
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "old_valid_until": "2026-03-02T10:00:00.000000Z",
    }
}

view! {
    /// One event on its way to a webhook, or a ping.
    WebhookDeliveryView from (delivery: WebhookDelivery) {
        /// Its id.
        id: DeliveryId,
        /// The id of the webhook.
        webhook: WebhookId,
        /// The id of the event; null for a ping.
        event: Option<EventId> = delivery.kind.event(),
        /// The type of the event, or `webhook.ping`.
        r#type: &'static str = delivery.kind.as_str(),
        /// Where it stands.
        state: DeliveryState,
        /// How many attempts there were.
        attempt_count: i64 = i64::from(delivery.attempt_count),
        /// When it is tried next; null when it is not.
        next_attempt_at: Option<Timestamp>,
        /// When it was queued.
        created_at: Timestamp,
    },
    example {
        "id": 812, "webhook": 3, "event": 4711, "type": "message.sent", "state": "pending",
        "attempt_count": 1, "next_attempt_at": "2026-03-01T10:00:05.000000Z",
        "created_at": "2026-03-01T10:00:00.000000Z",
    }
}

view! {
    /// One try of a delivery.
    DeliveryAttemptView from (attempt: DeliveryAttempt) {
        /// When it began.
        at: Timestamp,
        /// The HTTP status of the answer.
        status: Option<i64> = attempt.status.map(i64::from),
        /// Why there was no answer that counts.
        error: Option<SendFailure>,
        /// How long it took, in milliseconds.
        duration_ms: i64 = milliseconds(attempt.duration),
        /// The first 1,024 bytes of the answer's body, as text.
        response: Option<String>,
    },
    example {
        "at": "2026-03-01T10:00:00.000000Z", "status": 503, "error": null, "duration_ms": 42,
        "response": "try later",
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

view! {
    /// A delivery with its latest 50 attempts.
    WebhookDeliveryDetailView from (found: (WebhookDelivery, Vec<DeliveryAttempt>)) {
        ..delivery: WebhookDeliveryView = found.0.into(),
        /// The attempts, the latest last.
        attempts: Vec<DeliveryAttemptView> = found.1.into_iter().map(Into::into).collect(),
    }
}

view! {
    /// What a replay did.
    ReplayView from (queued: u64) {
        /// How many events were queued. Those that were pending already are not counted.
        queued: u64 = queued,
    },
    example {"queued": 12}
}

outputs! {
    WebhookId, DeliveryId:
        |id, serializer| serializer.serialize_i64(id.get()), integer(KnownFormat::Int64);
}

inputs! {
    WebhookUrl => Self: |raw| Self::parse(raw.text()?),
        text_like("^https?://").max_length(Some(Self::MAX));
    Subscription => Self: |raw| Self::parse(raw.texts()?),
        ArrayBuilder::new()
            .items(string().enum_values(Some(EventTypes::words())))
            .min_items(Some(1))
            .max_items(Some(Self::MAX));
    OldFor => Self: |raw| Self::hours(raw.integer()?),
        integer(KnownFormat::Int32).minimum(Some(0)).maximum(Some(Self::MAX));
    DeliveryType => &'static str: |raw| delivery_type(raw.text()?),
        string().enum_values(Some(delivery_types().collect::<Vec<_>>()));
    ReplayEnd => Self: |raw| replay_end(raw),
        OneOfBuilder::new()
            .item(integer(KnownFormat::Int64).minimum(Some(0)))
            .item(formatted(KnownFormat::DateTime));
}

/// The type of a delivery.
pub(crate) struct DeliveryType;

fn delivery_types() -> impl Iterator<Item = &'static str> {
    let events = EventAction::ALL.iter().filter(|action| action.is_in_feed());
    events
        .map(|action| action.as_str())
        .chain([DeliveryKind::PING])
}

fn delivery_type(word: &str) -> Result<&'static str, FieldError> {
    let found = delivery_types().find(|known| *known == word);
    found.ok_or_else(|| FieldError::NotAChoice {
        allowed: delivery_types().collect::<Vec<_>>().join(", "),
    })
}

/// Where a replay ends: at an event or at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplayEnd {
    Event(i64),
    Time(Timestamp),
}

fn replay_end(raw: &Raw) -> Result<ReplayEnd, FieldError> {
    match raw.text() {
        Ok(_) => Timestamp::read(raw).map(ReplayEnd::Time),
        Err(_) => AnyIdOrZero::read(raw).map(ReplayEnd::Event),
    }
}

input! {
    /// A webhook to be created.
    body WebhookBody -> WebhookSettings {
        /// Where its requests go: an https URL of a public address, with port 443 or 1024 and above.
        url: WebhookUrl,
        /// The types of events that it gets, such as `message.sent`, `ticket.*` or `*`.
        types: Subscription = ["*"],
        /// Whether it gets to know of internal notes.
        include_internal: bool = false,
        /// What it is for.
        description: Description = "",
    },
    example {"url": "https://hooks.example.com/classdesk", "types": ["message.*", "ticket.created"]}
}

input! {
    /// A change of a webhook. What is left out stays.
    body WebhookChangeBody -> WebhookChange {
        /// Another address.
        url: Option<WebhookUrl>,
        /// Other types of events.
        types: Option<Subscription>,
        /// Whether it gets to know of internal notes.
        include_internal: Option<bool>,
        /// Another description.
        description: Option<Description>,
        /// Whether events are sent to it.
        is_active: Option<bool>,
    },
    example {"is_active": false}
}

input! {
    /// How a webhook gets another secret.
    body RotationBody -> OldFor {
        /// For how many hours requests are signed with the present secret too.
        keep_old_hours: OldFor = OldFor::DEFAULT,
    } => keep_old_hours,
    example {"keep_old_hours": 24}
}

input! {
    /// Which events are sent once more: those after an event, or from a time on.
    body ReplayBody -> Replay {
        /// Events with a greater id. Either this or `since` is given.
        after: Option<AnyIdOrZero>,
        /// Events from this time on.
        since: Option<Timestamp>,
        /// Beside `after`, the id of the last event; beside `since`, the time before which it was.
        until: Option<ReplayEnd>,
    } => |fields| replay(fields, after, since, until),
    example {"after": 4711}
}

fn replay(
    fields: &mut Fields,
    after: Option<i64>,
    since: Option<Timestamp>,
    until: Option<ReplayEnd>,
) -> Option<Replay> {
    match (after, since, until) {
        (Some(after), None, None | Some(ReplayEnd::Event(_))) => Some(Replay::Events {
            after: EventId::new(after),
            until: until.and_then(|until| match until {
                ReplayEnd::Event(id) => Some(EventId::new(id)),
                ReplayEnd::Time(_) => None,
            }),
        }),
        (None, Some(since), None | Some(ReplayEnd::Time(_))) => Some(Replay::Times {
            since,
            until: until.and_then(|until| match until {
                ReplayEnd::Time(time) => Some(time),
                ReplayEnd::Event(_) => None,
            }),
        }),
        (None, None, _) => fields.check("after", Err(FieldError::Required)),
        (Some(_), Some(_), _) => {
            let message = "Either `after` or `since` says where it begins.";
            let fault = FieldError::malformed("mutually_exclusive", message);
            fields.check("since", Err(fault))
        }
        _ => {
            let message = "It ends at an id beside `after`, and at a time beside `since`.";
            fields.check("until", Err(FieldError::malformed("other_kind", message)))
        }
    }
}

input! {
    /// Which deliveries are listed. Every given parameter has to match.
    query DeliveryParams -> DeliveryFilter {
        /// In this state.
        state: Option<DeliveryState>,
        /// Of this type.
        r#type: Option<DeliveryType>,
        /// Queued at this time or later.
        since: Option<Timestamp>,
        /// Queued before this time.
        until: Option<Timestamp>,
    } => DeliveryFilter { state, kind: r#type, since, until }
}

view! {
    /// What a request to a webhook says of an event.
    WebhookEventView from (event: EventView) {
        /// What happened.
        r#type: EventAction = event.r#type,
        /// When.
        timestamp: Timestamp = event.at,
        /// The event.
        data: EventView = event,
    }
}

view! {
    /// What a ping says.
    WebhookPingView from (ping: (WebhookId, Timestamp)) {
        /// `webhook.ping`.
        r#type: &'static str = DeliveryKind::PING,
        /// When it was asked for.
        timestamp: Timestamp = ping.1,
        /// To which webhook.
        data: PingDataView = ping.0.into(),
    }
}

view! {
    /// To whom a ping goes.
    PingDataView from (webhook: WebhookId) {
        /// The id of the webhook.
        webhook: WebhookId = webhook,
    }
}

/// Requests to webhooks in JSON, with events as the feed tells them.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookJson;

impl WebhookFormat for WebhookJson {
    fn body(&self, message: WebhookMessage<'_>) -> Vec<u8> {
        match message {
            WebhookMessage::Event(event) => {
                to_json(&WebhookEventView::from(EventView::from(event.clone())))
            }
            WebhookMessage::Ping { webhook, at } => to_json(&WebhookPingView::from((webhook, at))),
        }
    }
}
