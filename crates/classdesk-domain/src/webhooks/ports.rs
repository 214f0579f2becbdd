//! What webhooks need of a store, and of what sends.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::events::feed::Event;
use crate::events::model::EventAction;
use crate::ids::{DeliveryId, EventId, UserId, WebhookId};
use crate::jobs::Backlog;
use crate::paging::{Page, PageRequest};
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::validation::FieldError;

use super::model::{
    DeliveryAttempt, DeliveryFilter, DeliveryKind, Webhook, WebhookDelivery, WebhookHealth,
    WebhookSettings, WebhookUrl,
};
use super::schedule::SendResult;
use super::secret::{WebhookSecret, WebhookSecrets};
use super::words::{DeliveryState, DisabledReason, SendFailure};

/// A webhook to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertWebhook {
    /// What was chosen of it.
    pub settings: WebhookSettings,
    /// What its requests are signed with.
    pub secret: WebhookSecret,
    /// Who creates it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A webhook as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUpdate {
    /// Which one.
    pub id: WebhookId,
    /// What is chosen of it.
    pub settings: WebhookSettings,
    /// Why it is not active; `None` when it is.
    pub disabled: Option<DisabledReason>,
    /// New secrets, if they change.
    pub secrets: Option<WebhookSecrets>,
    /// When.
    pub at: Timestamp,
}

/// Something done to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtWebhook {
    /// To which one.
    pub id: WebhookId,
    /// When.
    pub at: Timestamp,
}

/// Keeping webhooks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookRepository: Send + Sync {
    /// Webhooks by ascending id.
    async fn list_webhooks(&self, page: PageRequest) -> Result<Page<Webhook>, StoreError>;

    /// One webhook.
    async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError>;

    /// The secrets of a webhook.
    async fn webhook_secrets(&self, id: WebhookId) -> Result<Option<WebhookSecrets>, StoreError>;

    /// Creates a webhook that gets the events from now on. It MUST answer `None`, with nothing
    /// changed, when there are [`MAX_WEBHOOKS`](super::MAX_WEBHOOKS), also to simultaneous calls.
    async fn create_webhook(
        &self,
        commit: Commit<InsertWebhook>,
    ) -> Result<Option<Webhook>, StoreError>;

    /// Changes a webhook. One that becomes active MUST get the events from then on, and begin with
    /// the health of a new one.
    async fn update_webhook(&self, commit: Commit<WebhookUpdate>) -> Result<Webhook, StoreError>;

    /// Removes a webhook; `false` when it was not there. From then on it MUST be found by no other
    /// method, nor its deliveries, which
    /// [`Maintenance::purge`](crate::store::Maintenance::purge) removes.
    async fn remove_webhook(&self, commit: Commit<AtWebhook>) -> Result<bool, StoreError>;

    /// Deliveries of a webhook that match, newest first (by descending id).
    async fn list_deliveries(
        &self,
        webhook: WebhookId,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<WebhookDelivery>, StoreError>;

    /// One delivery of a webhook with at most `limit` attempts, the latest last.
    async fn delivery(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        limit: u32,
    ) -> Result<Option<(WebhookDelivery, Vec<DeliveryAttempt>)>, StoreError>;

    /// Queues a ping.
    async fn queue_ping(&self, commit: Commit<AtWebhook>) -> Result<WebhookDelivery, StoreError>;

    /// Makes a delivery pending and due, with every attempt before it; `None` when it is not there.
    async fn retry_delivery(
        &self,
        commit: Commit<RetryDelivery>,
    ) -> Result<Option<WebhookDelivery>, StoreError>;

    /// Queues events anew, and says how many of them are pending only now. An event that has a
    /// delivery MUST keep it.
    async fn replay_events(&self, commit: Commit<ReplayEvents>) -> Result<u64, StoreError>;
}

/// A delivery to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryDelivery {
    /// To which webhook.
    pub webhook: WebhookId,
    /// Which one.
    pub id: DeliveryId,
    /// From when on.
    pub at: Timestamp,
}

/// Events that a webhook gets once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayEvents {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which events.
    pub events: Vec<(EventId, EventAction)>,
    /// From when on.
    pub at: Timestamp,
}

/// Where the queue of deliveries stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerState {
    /// Every event up to this one is queued.
    pub position: EventId,
    /// The active webhooks by ascending id.
    pub webhooks: Vec<Webhook>,
    /// Whether events are pending for a webhook that is not active.
    pub has_undeliverable: bool,
}

/// What follows from a part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDeliveries {
    /// The position before it.
    pub from: EventId,
    /// The position after it.
    pub to: EventId,
    /// Which webhooks get which events, in the order of the log.
    pub deliveries: Vec<(WebhookId, EventId, EventAction)>,
    /// Since when they are due.
    pub at: Timestamp,
}

/// The right to send to a webhook until a time, which also names it: of two leases of a webhook, the
/// later one ends later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookLease {
    /// To which one.
    pub webhook: WebhookId,
    /// Until when.
    pub until: Timestamp,
}

/// A webhook that a lease holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What its requests are signed with.
    pub secrets: WebhookSecrets,
}

/// A delivery whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// What it brings.
    pub kind: DeliveryKind,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// How many attempts have failed since it was queued or tried again by hand.
    pub tries: u32,
}

/// What came of a delivery, and of its webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDelivery {
    /// By which lease.
    pub lease: WebhookLease,
    /// Which one.
    pub id: DeliveryId,
    /// The attempt, if there was one.
    pub attempt: Option<DeliveryAttempt>,
    /// Where it stands now.
    pub state: DeliveryState,
    /// When it is tried next, if it is pending.
    pub due_at: Option<Timestamp>,
    /// When this happened.
    pub at: Timestamp,
    /// How the webhook fares now.
    pub health: WebhookHealth,
    /// Why it is disabled by this, if it is.
    pub disables: Option<DisabledReason>,
}

/// The queue of deliveries.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DeliveryQueue: Send + Sync {
    /// Where the queue stands in the log.
    async fn delivery_position(&self) -> Result<ConsumerState, StoreError>;

    /// Queues deliveries, and moves the position. It MUST answer `Stale`, with nothing changed, when
    /// the position is not `from`. It MUST pass over a webhook that is not active by then, and over
    /// an event that has a delivery. What is queued later MUST have a greater id.
    async fn queue_deliveries(&self, queue: QueueDeliveries) -> Result<(), StoreError>;

    /// Cancels at most `limit` pending deliveries of events to webhooks that are not active, and says
    /// how many there were.
    async fn cancel_undeliverable(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Leases a webhook that nobody holds and that has a delivery that is due now: a ping, or an
    /// event while it is active and not paused. Of several, the one whose lease ended first.
    ///
    /// Several processes MAY call it at once, and MUST NOT get the same webhook before its lease
    /// ends.
    async fn lease_webhook(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<WebhookLease>, StoreError>;

    /// The webhook of a lease; `None` when the lease is another's by now.
    async fn leased_webhook(
        &self,
        lease: WebhookLease,
    ) -> Result<Option<LeasedWebhook>, StoreError>;

    /// At most `limit` deliveries of a webhook that are due, by ascending id: its pings alone while
    /// there are any.
    async fn due_deliveries(
        &self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Writes what came of a delivery. It MUST answer `Stale` when the lease is another's by now.
    async fn record_delivery(&self, commit: Commit<RecordDelivery>) -> Result<(), StoreError>;

    /// Ends a lease. One that is another's by now MUST stay as it is.
    async fn return_webhook(&self, lease: WebhookLease) -> Result<(), StoreError>;

    /// What is due by now, of active webhooks.
    async fn delivery_backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
}

/// A signed request to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where it goes.
    pub url: WebhookUrl,
    /// The same for every attempt: by this the receiver knows a repetition.
    pub id: String,
    /// When it is sent, in seconds since 1970.
    pub timestamp: i64,
    /// One signature for each valid secret.
    pub signature: String,
    /// The JSON.
    pub body: Vec<u8>,
}

/// Sends requests to webhooks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Checks that requests can go to an address, also by where its name leads now.
    ///
    /// # Errors
    /// The [`FieldError`] of the address.
    async fn check(&self, url: &WebhookUrl) -> Result<(), FieldError>;

    /// Sends a request once. It MUST NOT reach an address that [`check`](Self::check) refuses,
    /// wherever the name leads by now, MUST NOT follow a redirection, and MUST end in a bounded time.
    async fn send(&self, request: WebhookRequest) -> SendResult;
}

/// What the body of a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookMessage<'a> {
    /// An event.
    Event(&'a Event),
    /// A try whether the receiver is there.
    Ping {
        /// Which webhook.
        webhook: WebhookId,
        /// Since when it is on its way.
        at: Timestamp,
    },
}

/// Writes what is sent, in the form that the API tells events in.
pub trait WebhookFormat: Send + Sync {
    /// The body of a request.
    fn body(&self, message: WebhookMessage<'_>) -> Vec<u8>;
}

/// Sends nothing: for hosts without webhooks. It refuses every address.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWebhooks;

#[async_trait]
impl WebhookSender for NoWebhooks {
    async fn check(&self, _: &WebhookUrl) -> Result<(), FieldError> {
        Err(FieldError::WebhookAddress)
    }

    async fn send(&self, _: WebhookRequest) -> SendResult {
        Err(SendFailure::Address)
    }
}

impl WebhookFormat for NoWebhooks {
    fn body(&self, _: WebhookMessage<'_>) -> Vec<u8> {
        Vec::new()
    }
}
