//! Webhooks: signed requests that tell programs elsewhere of events (docs/contract.md#webhooks).
//!
//! Each webhook has a queue of deliveries. What follows from the log is queued in the order of the
//! log, together with the position up to which it was read, so that there is exactly one delivery
//! for each webhook and event. One process at a time sends to a webhook, one request after the other.

pub(crate) mod delivering;
pub(crate) mod delivery_service;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod words;

pub use delivering::{Delivered, WebhookDeliveries};
pub use delivery_service::Replay;
pub use model::{
    DeliveryAttempt, DeliveryFilter, DeliveryKind, MAX_WEBHOOKS, Subscription, Webhook,
    WebhookChange, WebhookDelivery, WebhookHealth, WebhookSettings, WebhookUrl,
};
pub use ports::{
    AtWebhook, ConsumerState, DeliveryQueue, DueDelivery, InsertWebhook, LeasedWebhook, NoWebhooks,
    QueueDeliveries, RecordDelivery, ReplayEvents, RetryDelivery, WebhookFormat, WebhookLease,
    WebhookMessage, WebhookRepository, WebhookRequest, WebhookSender, WebhookUpdate,
};
#[cfg(feature = "mocks")]
pub use ports::{MockDeliveryQueue, MockWebhookRepository, MockWebhookSender};
pub use schedule::{Reply, SendResult, next_attempt};
pub use secret::{WebhookSecret, WebhookSecrets};
pub use service::{NewSecret, OldFor, Webhooks};
pub use words::{DeliveryState, DisabledReason, SendFailure};
