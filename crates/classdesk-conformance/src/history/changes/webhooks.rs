//! Webhooks, and the queue of what is sent to them.

use std::time::Duration;

use classdesk_domain::events::{DomainEvent, EventAction, EventRange, RowId};
use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::store::Commit;
use classdesk_domain::webhooks::{
    AtWebhook, DeliveryAttempt, DeliveryFilter, DeliveryState, DisabledReason, InsertWebhook,
    QueueDeliveries, RecordDelivery, ReplayEvents, RetryDelivery, Subscription, WebhookHealth,
    WebhookLease, WebhookSecret, WebhookSecrets, WebhookSettings, WebhookUpdate, WebhookUrl,
};
use fastrand::Rng;

use crate::fixture::description;
use crate::history::observations::walk;
use crate::history::replica::Replica;

/// How many events one step queues at most.
const QUEUED: u32 = 5;

/// For how long a webhook is leased.
const LEASE: Duration = Duration::from_secs(20);

impl Replica<'_> {
    /// Now and then something is done with webhooks, or for them, and looked at.
    pub(in crate::history) async fn step_of_webhooks(&mut self, dice: Rng) -> String {
        self.dice = dice;
        match self.dice.u32(0..16) {
            0 => self.manage_webhooks().await,
            1 | 2 => self.work_for_webhooks().await,
            _ => String::new(),
        }
    }

    /// An administrator does something with webhooks.
    async fn manage_webhooks(&mut self) -> String {
        let told = match self.dice.u32(0..8) {
            0 => self.create_webhook().await,
            1..=3 => self.update_webhook().await,
            4 => {
                let change = self.at_webhook();
                let removed = DomainEvent::WebhookRemoved { webhook: change.id };
                let commit = self.commit(change, removed).await;
                let removed = self.store.remove_webhook(commit).await;
                self.report("remove_webhook", removed)
            }
            5 => {
                let ping = Commit::new(self.at_webhook());
                let queued = self.store.queue_ping(ping).await;
                self.note_deliveries().await;
                self.report("queue_ping", queued)
            }
            6 => {
                let retry = RetryDelivery {
                    webhook: self.row(),
                    id: self.row(),
                    at: self.tick(),
                };
                let retried = self.store.retry_delivery(Commit::new(retry)).await;
                self.report("retry_delivery", retried)
            }
            _ => {
                let webhook = self.row();
                let after = EventId::new(0);
                let events = self.events_after(after).await;
                let events = events.into_iter().map(|(_, event, action)| (event, action));
                let mut events: Vec<_> = events.collect();
                events.dedup();
                let at = self.tick();
                let replay = ReplayEvents {
                    webhook,
                    events,
                    at,
                };
                let replayed = self.store.replay_events(Commit::new(replay)).await;
                self.note_deliveries().await;
                self.report("replay_events", replayed)
            }
        };
        told + &self.observe_webhooks().await
    }

    /// A step on the way from the log to a receiver.
    async fn work_for_webhooks(&mut self) -> String {
        let told = match self.dice.u32(0..8) {
            0..=2 => self.queue_events().await,
            3 => {
                let now = self.tick();
                let cancelled = self.store.cancel_undeliverable(now, 1_000).await;
                self.report("cancel_undeliverable", cancelled)
            }
            4 | 5 => {
                let now = self.tick();
                let leased = self.store.lease_webhook(now, now.plus(LEASE)).await;
                if let Ok(Some(lease)) = &leased {
                    self.held.push(*lease);
                }
                self.report("lease_webhook", leased)
            }
            _ => self.settle().await,
        };
        told + &self.observe_webhooks().await
    }

    fn at_webhook(&mut self) -> AtWebhook {
        AtWebhook {
            id: self.row(),
            at: self.tick(),
        }
    }

    fn settings(&mut self) -> WebhookSettings {
        let types = self.any(&["*", "ticket.*", "message.sent"]);
        let number = self.fresh();
        WebhookSettings {
            url: WebhookUrl::from_stored(format!("https://hook{number}.example.com/")),
            types: Subscription::parse(vec![types.to_owned()]).expect("a type"),
            include_internal: self.once_in(2),
            description: description("A webhook"),
        }
    }

    async fn create_webhook(&mut self) -> String {
        let row = InsertWebhook {
            settings: self.settings(),
            secret: WebhookSecret::from_bytes([self.dice.u8(..); 32]),
            created_by: self.person().id,
            created_at: self.tick(),
        };
        let created = DomainEvent::WebhookCreated {
            webhook: RowId::Created,
            origin: row.settings.url.origin().to_owned(),
        };
        let commit = self.commit(row, created).await;
        let created = self.store.create_webhook(commit).await;
        if let Ok(Some(webhook)) = &created {
            self.numbers.note(webhook.id);
        }
        self.report("create_webhook", created)
    }

    /// Changes, disables, enables it or rotates its secret.
    async fn update_webhook(&mut self) -> String {
        let reason = self.any(DisabledReason::ALL);
        let at = self.tick();
        let secret = |byte| WebhookSecret::from_bytes([byte; 32]);
        let secrets = WebhookSecrets {
            current: secret(self.dice.u8(..)),
            old: (!self.once_in(3)).then(|| (secret(1), at.plus(LEASE))),
        };
        let update = WebhookUpdate {
            id: self.row(),
            settings: self.settings(),
            disabled: self.once_in(3).then_some(reason),
            secrets: self.once_in(3).then_some(secrets),
            at,
        };
        let rotated = DomainEvent::WebhookSecretRotated { webhook: update.id };
        let commit = self.commit(update, rotated).await;
        let updated = self.store.update_webhook(commit).await;
        self.report("update_webhook", updated)
    }

    /// The next events of the log, for every webhook that there is or was.
    async fn events_after(&mut self, after: EventId) -> Vec<(WebhookId, EventId, EventAction)> {
        let up_to = self.store.horizon().await.expect("readable").complete;
        let range = EventRange { after, up_to };
        let limit = self.dice.u32(1..=QUEUED);
        let tail = self.store.tail(range, limit).await.expect("readable");
        let webhooks: Vec<WebhookId> = self.numbers.all();
        let mut all = Vec::new();
        for told in tail {
            let event = &told.event;
            let of = webhooks.iter();
            all.extend(of.map(|webhook| (*webhook, event.id(), event.line.action)));
        }
        all
    }

    async fn queue_events(&mut self) -> String {
        let state = self.store.delivery_position().await.expect("readable");
        let deliveries = self.events_after(state.position).await;
        let to = deliveries
            .last()
            .map_or(state.position, |(_, event, _)| *event);
        // Now and then another process was faster.
        let is_late = self.once_in(6) && to > state.position;
        let queue = QueueDeliveries {
            from: if is_late { to } else { state.position },
            to,
            deliveries,
            at: self.tick(),
        };
        let queued = self.store.queue_deliveries(queue).await;
        self.note_deliveries().await;
        self.report("queue_deliveries", queued)
    }

    /// Sends something by a lease that may have ended, or gives it back.
    async fn settle(&mut self) -> String {
        if self.held.is_empty() {
            return "nothing is held".to_owned();
        }
        let held = self.held.clone();
        let lease: WebhookLease = self.any(&held);
        let now = self.tick();
        if self.once_in(4) {
            let returned = self.store.return_webhook(lease).await;
            return self.report("return_webhook", returned);
        }
        let due = self.store.due_deliveries(lease.webhook, now, 3).await;
        let due = due.expect("readable");
        let Some(delivery) = due.first().copied() else {
            return self.report("due_deliveries", Ok(due));
        };
        let state = self.any(DeliveryState::ALL);
        let reason = self.any(DisabledReason::ALL);
        let failed = state != DeliveryState::Delivered;
        let outcome = RecordDelivery {
            lease,
            id: delivery.id,
            attempt: (!self.once_in(4)).then(|| DeliveryAttempt {
                at: now,
                status: Some(if failed { 503 } else { 204 }),
                error: None,
                duration: Duration::from_millis(12),
                response: None,
            }),
            state,
            due_at: (state == DeliveryState::Pending).then(|| now.plus(LEASE)),
            at: now,
            health: WebhookHealth {
                failures: u32::from(failed),
                ..WebhookHealth::default()
            },
            disables: (failed && self.once_in(8)).then_some(reason),
        };
        let recorded = self.store.record_delivery(Commit::new(outcome)).await;
        self.report("due_deliveries", Ok(due)) + &self.report("record_delivery", recorded)
    }

    /// Numbers new deliveries by their webhooks and their order.
    async fn note_deliveries(&mut self) {
        for webhook in self.numbers.all::<WebhookId>() {
            let list = |page| {
                let filter = DeliveryFilter::default();
                self.store.list_deliveries(webhook, filter, page)
            };
            let found = walk(200, list).await.expect("readable");
            let ids: Vec<DeliveryId> = found.iter().rev().map(|one| one.id).collect();
            ids.into_iter().for_each(|id| self.numbers.note(id));
        }
    }

    /// Everything about a webhook and the queue.
    async fn observe_webhooks(&mut self) -> String {
        let (store, id) = (self.store, self.row::<WebhookId>());
        let delivery = self.row::<DeliveryId>();
        let list = |page| store.list_deliveries(id, DeliveryFilter::default(), page);
        let deliveries = walk(3, list).await;
        let now = self.fixture().now();
        let secrets = store.webhook_secrets(id).await;
        [
            self.report("webhook", store.webhook(id).await),
            format!("{:?}", secrets.expect("readable")),
            self.report(
                "list_webhooks",
                walk(3, |page| store.list_webhooks(page)).await,
            ),
            self.report("list_deliveries", deliveries),
            self.report("delivery", store.delivery(id, delivery, 2).await),
            self.report("delivery_position", store.delivery_position().await),
            self.report("delivery_backlog", store.delivery_backlog(now).await),
        ]
        .concat()
    }
}
