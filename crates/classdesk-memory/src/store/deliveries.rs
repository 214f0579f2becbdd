//! The queue of deliveries to webhooks.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{EventId, WebhookId};
use classdesk_domain::jobs::Backlog;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::webhooks::{
    ConsumerState, DeliveryKind, DeliveryQueue, DeliveryState, DueDelivery, LeasedWebhook,
    QueueDeliveries, RecordDelivery, WebhookLease,
};

use super::MemoryStore;
use super::commit::Outcome;
use super::state::State;
use super::webhook_rows::{DeliveryRow, WebhookRow};

impl State {
    /// Whether a delivery of an event is pending for a webhook that is not active.
    fn is_undeliverable(&self, row: &DeliveryRow) -> bool {
        let webhook = self.webhook_row(row.webhook);
        row.due_at.is_some()
            && row.kind.event().is_some()
            && webhook.is_some_and(|webhook| webhook.disabled.is_some())
    }

    /// Whether a delivery is due for a webhook.
    fn is_due(&self, row: &DeliveryRow, webhook: &WebhookRow, now: Timestamp) -> bool {
        let is_paused = webhook.health.paused_until.is_some_and(|until| until > now);
        let is_wanted = webhook.disabled.is_none() && !is_paused;
        row.webhook == webhook.id
            && row.due_at.is_some_and(|due_at| due_at <= now)
            && (is_wanted || row.kind == DeliveryKind::Ping)
    }

    fn leased_row(&self, lease: WebhookLease) -> Option<&WebhookRow> {
        let row = self.webhook_row(lease.webhook);
        row.filter(|row| row.leased_until == Some(lease.until))
    }
}

#[async_trait]
impl DeliveryQueue for MemoryStore {
    async fn delivery_position(&self) -> Result<ConsumerState, StoreError> {
        Ok(self.read(|state| {
            let rows = state.webhooks.rows();
            let active = rows.filter(|row| row.removed_at.is_none() && row.disabled.is_none());
            ConsumerState {
                position: EventId::new(state.delivery_position),
                webhooks: active.map(|row| state.webhook(row)).collect(),
                has_undeliverable: (state.deliveries.rows()).any(|row| state.is_undeliverable(row)),
            }
        }))
    }

    async fn queue_deliveries(&self, queue: QueueDeliveries) -> Result<(), StoreError> {
        self.write(|state| {
            if state.delivery_position != queue.from.get() {
                return Err(StoreError::Stale);
            }
            state.delivery_position = queue.to.get();
            for (webhook, event, action) in queue.deliveries {
                let row = state.webhook_row(webhook);
                let is_active = row.is_some_and(|row| row.disabled.is_none());
                if is_active && !state.has_delivery(webhook, event) {
                    let kind = DeliveryKind::Event(event, action);
                    state.queue_delivery(webhook, kind, queue.at);
                }
            }
            Ok(())
        })
    }

    async fn cancel_undeliverable(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write(|state| {
            let rows = state.deliveries.rows();
            let found = rows.filter(|row| state.is_undeliverable(row));
            let ids: Vec<_> = found.map(|row| row.id).take(limit as usize).collect();
            for id in &ids {
                let row = state.deliveries.change(*id)?;
                row.set(DeliveryState::Cancelled, None, now);
            }
            Ok(ids.len() as u64)
        })
    }

    async fn lease_webhook(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<WebhookLease>, StoreError> {
        self.write(|state| {
            let rows = state.webhooks.rows();
            let free = rows.filter(|webhook| {
                webhook.removed_at.is_none()
                    && webhook.leased_until.is_none_or(|until| until <= now)
                    && (state.deliveries.rows()).any(|row| state.is_due(row, webhook, now))
            });
            let first = free.min_by_key(|webhook| (webhook.leased_until, webhook.id));
            let Some(webhook) = first.map(|webhook| webhook.id) else {
                return Ok(None);
            };
            state.webhooks.change(webhook)?.leased_until = Some(until);
            Ok(Some(WebhookLease { webhook, until }))
        })
    }

    async fn leased_webhook(
        &self,
        lease: WebhookLease,
    ) -> Result<Option<LeasedWebhook>, StoreError> {
        Ok(self.read(|state| {
            let row = state.leased_row(lease)?;
            Some(LeasedWebhook {
                webhook: state.webhook(row),
                secrets: row.secrets.clone(),
            })
        }))
    }

    async fn due_deliveries(
        &self,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.deliveries.rows();
            let due = rows.filter(|row| {
                row.webhook == webhook && row.due_at.is_some_and(|due_at| due_at <= now)
            });
            let mut due: Vec<_> = due.collect();
            if due.iter().any(|row| row.kind.event().is_none()) {
                due.retain(|row| row.kind.event().is_none());
            }
            due.truncate(limit as usize);
            let due = due.into_iter().map(|row| DueDelivery {
                id: row.id,
                kind: row.kind,
                created_at: row.created_at,
                tries: row.tries,
            });
            due.collect()
        }))
    }

    async fn record_delivery(&self, commit: Commit<RecordDelivery>) -> Result<(), StoreError> {
        self.commit(commit, |state, record| {
            let webhook = state.leased_row(record.lease).ok_or(StoreError::Stale)?.id;
            let row = state.webhooks.change(webhook)?;
            row.health = record.health;
            if record.disables.is_some() {
                row.disabled = record.disables;
                row.updated_at = record.at;
                row.version += 1;
            }
            let row = state.deliveries.change(record.id)?;
            if record.attempt.is_some() {
                row.tries += 1;
            }
            row.attempts.extend(record.attempt);
            row.set(record.state, record.due_at, record.at);
            Ok(((), Outcome::changed(webhook.get())))
        })
    }

    async fn return_webhook(&self, lease: WebhookLease) -> Result<(), StoreError> {
        self.write(|state| {
            if state.leased_row(lease).is_some() {
                state.webhooks.change(lease.webhook)?.leased_until = None;
            }
            Ok(())
        })
    }

    async fn delivery_backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        Ok(self.read(|state| {
            let active = |row: &&DeliveryRow| {
                let webhook = state.webhook_row(row.webhook);
                webhook.is_some_and(|webhook| webhook.disabled.is_none())
            };
            let rows = || state.deliveries.rows().filter(active);
            let due = || rows().filter_map(|row| row.due_at.filter(|due_at| *due_at <= now));
            Backlog {
                due: due().count() as u64,
                oldest: due().min(),
            }
        }))
    }
}
