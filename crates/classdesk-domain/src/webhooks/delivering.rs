//! Bringing events to webhooks: from the log into the queue, and from the queue to the receivers.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SecretSource, Timestamp};
use crate::error::Error;
use crate::events::feed::{Event, EventRange};
use crate::events::model::{DomainEvent, NewEvent};
use crate::events::ports::EventLog;
use crate::ids::EventId;
use crate::jobs::Backlog;
use crate::store::commit::{Commit, Versioned};
use crate::store::error::StoreError;
use crate::use_case::ATTEMPTS;

use super::model::{DeliveryAttempt, DeliveryKind, Webhook};
use super::ports::{
    ConsumerState, DeliveryQueue, DueDelivery, LeasedWebhook, QueueDeliveries, RecordDelivery,
    WebhookFormat, WebhookLease, WebhookMessage, WebhookRequest, WebhookSender,
};
use super::schedule::{Reply, SendResult, next_attempt};
use super::words::DeliveryState;

/// How many events one step reads from the log.
const BATCH: u32 = 500;

/// How many deliveries one step cancels.
const CANCELLED: u32 = 1_000;

/// How many deliveries are read at once.
const TAKEN: u32 = 20;

/// How long a process holds a webhook, and for how much of that it begins requests. A request takes
/// less time than lies between the two.
const LEASE: Duration = Duration::from_secs(60);
const SENDING: Duration = Duration::from_secs(30);

/// What was sent to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Deliveries that arrived.
    pub arrived: u64,
    /// Attempts that failed.
    pub failed: u64,
}

/// The part of the log that is still to be queued. What no webhook gets is passed over.
fn unread(state: &ConsumerState, up_to: EventId) -> Option<EventRange> {
    let starts = state.webhooks.iter().map(|webhook| webhook.starts_after);
    let after = state.position.max(starts.min()?);
    (after < up_to).then_some(EventRange { after, up_to })
}

/// The program's own work for webhooks. It runs for no actor, so it asks for no permission.
#[derive(Clone)]
pub struct WebhookDeliveries {
    pub(crate) deliveries: Arc<dyn DeliveryQueue>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) webhook_sender: Arc<dyn WebhookSender>,
    pub(crate) webhook_format: Arc<dyn WebhookFormat>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
}

impl WebhookDeliveries {
    /// Queues what follows from the next part of the log, and says whether there may be more of it.
    /// Several processes may do so at once: each part is queued by one of them.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn queue_events(&self) -> Result<bool, Error> {
        // The end comes before the webhooks: one that is new by then begins after this end.
        let up_to = self.log.horizon().await?.complete;
        let state = self.deliveries.delivery_position().await?;
        if state.has_undeliverable {
            let now = self.clock.now();
            self.deliveries.cancel_undeliverable(now, CANCELLED).await?;
        }
        let Some(range) = unread(&state, up_to) else {
            return Ok(false);
        };
        let tail = self.log.tail(range, BATCH).await?;
        let more = tail.len() >= BATCH as usize;
        let to = match tail.last() {
            Some(last) if more => last.event.id(),
            _ => range.up_to,
        };
        let mut deliveries = Vec::new();
        for event in tail.iter().map(|told| &told.event) {
            let takers = state.webhooks.iter().filter(|webhook| webhook.takes(event));
            deliveries.extend(takers.map(|to| (to.id, event.id(), event.line.action)));
        }
        let queue = QueueDeliveries {
            from: state.position,
            to,
            deliveries,
            at: self.clock.now(),
        };
        match self.deliveries.queue_deliveries(queue).await {
            Ok(()) => Ok(more),
            // Another process was faster.
            Err(StoreError::Stale) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a webhook that something is due for, if there is one. Nobody else sends to it until
    /// [`deliver`](Self::deliver) has ended, or a minute has passed.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn lease(&self) -> Result<Option<WebhookLease>, Error> {
        let now = self.clock.now();
        Ok(self.deliveries.lease_webhook(now, now.plus(LEASE)).await?)
    }

    /// Sends what is due for a webhook, one request after the other, until nothing is due, half a
    /// minute has passed, or `is_stopping`.
    ///
    /// # Errors
    /// Only failures of the store. Those of the receiver are recorded.
    pub async fn deliver(
        &self,
        lease: WebhookLease,
        is_stopping: impl Fn() -> bool + Send + Sync,
    ) -> Result<Delivered, Error> {
        let mut delivered = Delivered::default();
        let sent = self.send_due(lease, is_stopping, &mut delivered).await;
        self.deliveries.return_webhook(lease).await?;
        sent.map(|()| delivered)
    }

    /// What waits to be sent.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        Ok(self.deliveries.delivery_backlog(self.clock.now()).await?)
    }

    /// Since when the oldest event waits that is not queued yet; `None` when nothing waits.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn behind_since(&self) -> Result<Option<Timestamp>, Error> {
        let up_to = self.log.horizon().await?.complete;
        let state = self.deliveries.delivery_position().await?;
        let Some(range) = unread(&state, up_to) else {
            return Ok(None);
        };
        let next = self.log.tail(range, 1).await?;
        Ok(next.first().map(|told| told.event.line.at))
    }

    async fn send_due(
        &self,
        lease: WebhookLease,
        is_stopping: impl Fn() -> bool + Send + Sync,
        delivered: &mut Delivered,
    ) -> Result<(), Error> {
        let end = lease.until.minus(LEASE - SENDING);
        loop {
            let now = self.clock.now();
            let due = self.deliveries.due_deliveries(lease.webhook, now, TAKEN);
            let due = due.await?;
            if due.is_empty() {
                return Ok(());
            }
            for delivery in due {
                if is_stopping() || self.clock.now() >= end {
                    return Ok(());
                }
                let Some(leased) = self.deliveries.leased_webhook(lease).await? else {
                    return Ok(());
                };
                if !is_wanted_now(&leased.webhook, delivery.kind, self.clock.now()) {
                    // What is left waits, or is cancelled.
                    return Ok(());
                }
                match self.send(lease, &leased, delivery).await? {
                    Some(true) => delivered.arrived += 1,
                    Some(false) => delivered.failed += 1,
                    None => {}
                }
            }
        }
    }

    /// Tries a delivery, and says whether it has arrived; `None` when there was nothing to send.
    async fn send(
        &self,
        lease: WebhookLease,
        leased: &LeasedWebhook,
        delivery: DueDelivery,
    ) -> Result<Option<bool>, Error> {
        let settings = &leased.webhook.settings;
        let event = match delivery.kind.event() {
            Some(id) => self.event(id).await?,
            None => None,
        };
        let (id, message) = match (delivery.kind, &event) {
            (DeliveryKind::Ping, _) => {
                let (webhook, at) = (lease.webhook, delivery.created_at);
                let message = WebhookMessage::Ping { webhook, at };
                (format!("ping_{}", delivery.id), message)
            }
            (DeliveryKind::Event(id, _), Some(event)) if settings.takes(event) => {
                (format!("evt_{id}"), WebhookMessage::Event(event))
            }
            // It no longer gets such events.
            (DeliveryKind::Event(..), _) => {
                self.record(lease, delivery, None).await?;
                return Ok(None);
            }
        };
        let body = self.webhook_format.body(message);
        let began = self.clock.now();
        let request = WebhookRequest {
            url: settings.url.clone(),
            signature: leased.secrets.sign(&id, began, &body),
            id,
            timestamp: began.micros().div_euclid(1_000_000),
            body,
        };
        let result = self.webhook_sender.send(request).await;
        let has_arrived = result.as_ref().is_ok_and(Reply::is_success);
        self.record(lease, delivery, Some((began, result))).await?;
        Ok(Some(has_arrived))
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, Error> {
        let range = EventRange {
            after: EventId::new(id.get() - 1),
            up_to: id,
        };
        let mut found = self.log.tail(range, 1).await?;
        Ok(found.pop().map(|told| told.event))
    }

    /// Records what came of a delivery. Where the webhook was changed meanwhile, that is decided
    /// anew; where the lease is lost, another process has the delivery.
    async fn record(
        &self,
        lease: WebhookLease,
        delivery: DueDelivery,
        tried: Option<(Timestamp, SendResult)>,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let Some(leased) = self.deliveries.leased_webhook(lease).await? else {
                return Ok(());
            };
            let commit = self.outcome(lease, &leased.webhook, delivery, tried.as_ref());
            match self.deliveries.record_delivery(commit).await {
                Err(StoreError::Stale) => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(Error::Contended)
    }

    fn outcome(
        &self,
        lease: WebhookLease,
        webhook: &Webhook,
        delivery: DueDelivery,
        tried: Option<&(Timestamp, SendResult)>,
    ) -> Commit<RecordDelivery> {
        let at = self.clock.now();
        let (mut health, mut disables) = (webhook.health, None);
        let (mut state, mut due_at) = (DeliveryState::Cancelled, None);
        if let Some((_, result)) = tried {
            let chance = self.secrets.bytes()[0];
            let next = match delivery.kind {
                DeliveryKind::Ping => None,
                DeliveryKind::Event(..) => {
                    (health, disables) = health.after(result, at);
                    disables = disables.filter(|_| webhook.is_active());
                    next_attempt(delivery.tries + 1, at, result, chance)
                }
            };
            (state, due_at) = match next {
                _ if result.as_ref().is_ok_and(Reply::is_success) => {
                    (DeliveryState::Delivered, None)
                }
                Some(next) if webhook.is_active() && disables.is_none() => {
                    (DeliveryState::Pending, Some(next))
                }
                _ => (DeliveryState::Failed, None),
            };
        }
        let record = RecordDelivery {
            lease,
            id: delivery.id,
            attempt: tried.map(|(began, result)| attempt(*began, at, result)),
            state,
            due_at,
            at,
            health,
            disables,
        };
        let commit =
            Commit::new(record).require(Versioned::Webhook(webhook.id).at(webhook.version));
        commit.with_events(disables.map(|reason| {
            let webhook = webhook.id;
            NewEvent::new(at, None, DomainEvent::WebhookDisabled { webhook, reason })
        }))
    }
}

/// Whether a delivery is sent now: everything is to an active webhook that is not paused, and pings
/// in any case.
fn is_wanted_now(webhook: &Webhook, kind: DeliveryKind, now: Timestamp) -> bool {
    let is_paused = webhook.health.paused_until.is_some_and(|until| until > now);
    kind == DeliveryKind::Ping || (webhook.is_active() && !is_paused)
}

fn attempt(began: Timestamp, ended: Timestamp, result: &SendResult) -> DeliveryAttempt {
    let reply = result.as_ref().ok();
    DeliveryAttempt {
        at: began,
        status: reply.map(|reply| reply.status),
        error: result.as_ref().err().copied(),
        duration: ended.since(began),
        response: reply.map(|reply| reply.text.clone()),
    }
}
