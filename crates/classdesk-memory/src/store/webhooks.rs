//! Webhooks.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::EventAction;
use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::webhooks::{
    AtWebhook, DeliveryAttempt, DeliveryFilter, DeliveryKind, DeliveryState, InsertWebhook,
    MAX_WEBHOOKS, ReplayEvents, RetryDelivery, Webhook, WebhookDelivery, WebhookHealth,
    WebhookRepository, WebhookSecrets, WebhookUpdate,
};

use super::MemoryStore;
use super::commit::Outcome;
use super::state::{State, page_down, page_up};
use super::webhook_rows::{DeliveryRow, WebhookRow};

impl State {
    /// A webhook that was not removed.
    pub(super) fn webhook_row(&self, id: WebhookId) -> Option<&WebhookRow> {
        let row = self.webhooks.get(id);
        row.filter(|row| row.removed_at.is_none())
    }

    pub(super) fn webhook(&self, row: &WebhookRow) -> Webhook {
        Webhook {
            id: row.id,
            settings: row.settings.clone(),
            disabled: row.disabled,
            starts_after: row.starts_after,
            health: row.health,
            created_by: self.person(row.created_by),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }

    fn change_webhook(&mut self, id: WebhookId) -> Result<&mut WebhookRow, StoreError> {
        let row = self.webhooks.change(id)?;
        match row.removed_at {
            None => Ok(row),
            Some(_) => Err(StoreError::Stale),
        }
    }

    fn last_event(&self) -> EventId {
        let last = self.events.iter().next_back();
        last.map_or(EventId::new(0), |(id, _)| id)
    }

    pub(super) fn queue_delivery(
        &mut self,
        webhook: WebhookId,
        kind: DeliveryKind,
        at: Timestamp,
    ) -> DeliveryId {
        self.deliveries.insert(|id| DeliveryRow {
            id,
            webhook,
            kind,
            state: DeliveryState::Pending,
            due_at: Some(at),
            tries: 0,
            created_at: at,
            finished_at: None,
            attempts: Vec::new(),
        })
    }

    pub(super) fn has_delivery(&self, webhook: WebhookId, event: EventId) -> bool {
        let mut rows = self.deliveries.rows();
        rows.any(|row| row.webhook == webhook && row.kind.event() == Some(event))
    }

    fn replay(&mut self, webhook: WebhookId, event: (EventId, EventAction), at: Timestamp) -> bool {
        if !self.has_delivery(webhook, event.0) {
            let kind = DeliveryKind::Event(event.0, event.1);
            self.queue_delivery(webhook, kind, at);
            return true;
        }
        let ended = self.deliveries.rows_mut().find(|row| {
            let is_same = row.webhook == webhook && row.kind.event() == Some(event.0);
            is_same && row.due_at.is_none()
        });
        ended.map(|row| row.make_pending(at)).is_some()
    }
}

#[async_trait]
impl WebhookRepository for MemoryStore {
    async fn list_webhooks(&self, page: PageRequest) -> Result<Page<Webhook>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.webhooks.rows().filter(|row| row.removed_at.is_none());
            let webhooks = rows.map(|row| state.webhook(row));
            page_up(webhooks, page, |webhook| Cursor::of_id(webhook.id.get()))
        }))
    }

    async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        Ok(self.read(|state| state.webhook_row(id).map(|row| state.webhook(row))))
    }

    async fn webhook_secrets(&self, id: WebhookId) -> Result<Option<WebhookSecrets>, StoreError> {
        Ok(self.read(|state| state.webhook_row(id).map(|row| row.secrets.clone())))
    }

    async fn create_webhook(
        &self,
        commit: Commit<InsertWebhook>,
    ) -> Result<Option<Webhook>, StoreError> {
        self.commit(commit, |state, new| {
            state.users.there(new.created_by)?;
            let there = state.webhooks.rows().filter(|row| row.removed_at.is_none());
            if there.count() >= MAX_WEBHOOKS {
                return Ok((None, Outcome::Unchanged));
            }
            let starts_after = state.last_event();
            let id = state.webhooks.insert(|id| WebhookRow {
                id,
                settings: new.settings,
                disabled: None,
                starts_after,
                secrets: WebhookSecrets {
                    current: new.secret,
                    old: None,
                },
                health: WebhookHealth::default(),
                leased_until: None,
                created_by: new.created_by,
                created_at: new.created_at,
                updated_at: new.created_at,
                removed_at: None,
                version: 1,
            });
            let webhook = state.webhook(state.webhooks.there(id)?);
            Ok((Some(webhook), Outcome::changed(id.get())))
        })
    }

    async fn update_webhook(&self, commit: Commit<WebhookUpdate>) -> Result<Webhook, StoreError> {
        self.commit(commit, |state, update| {
            let last = state.last_event();
            let row = state.change_webhook(update.id)?;
            if row.disabled.is_some() && update.disabled.is_none() {
                row.starts_after = last;
                row.health = WebhookHealth::default();
            }
            row.settings = update.settings;
            row.disabled = update.disabled;
            if let Some(secrets) = update.secrets {
                row.secrets = secrets;
            }
            row.updated_at = update.at;
            row.version += 1;
            let webhook = state.webhook(state.webhooks.there(update.id)?);
            Ok((webhook, Outcome::changed(update.id.get())))
        })
    }

    async fn remove_webhook(&self, commit: Commit<AtWebhook>) -> Result<bool, StoreError> {
        self.commit(commit, |state, AtWebhook { id, at }| {
            let Ok(row) = state.change_webhook(id) else {
                return Ok((false, Outcome::Unchanged));
            };
            row.removed_at = Some(at);
            Ok((true, Outcome::changed(id.get())))
        })
    }

    async fn list_deliveries(
        &self,
        webhook: WebhookId,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<WebhookDelivery>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.deliveries.rows().rev();
            let found = rows.filter(|row| {
                row.matches(webhook, &filter) && state.webhook_row(webhook).is_some()
            });
            page_down(found.map(DeliveryRow::to_domain), page, |delivery| {
                Cursor::of_id(delivery.id.get())
            })
        }))
    }

    async fn delivery(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        limit: u32,
    ) -> Result<Option<(WebhookDelivery, Vec<DeliveryAttempt>)>, StoreError> {
        Ok(self.read(|state| {
            let row = state.deliveries.get(id)?;
            state.webhook_row(webhook)?;
            let latest = row.attempts.len().saturating_sub(limit as usize);
            let found = (row.to_domain(), row.attempts[latest..].to_vec());
            Some(found).filter(|_| row.webhook == webhook)
        }))
    }

    async fn queue_ping(&self, commit: Commit<AtWebhook>) -> Result<WebhookDelivery, StoreError> {
        self.commit(commit, |state, AtWebhook { id, at }| {
            state.change_webhook(id)?;
            let queued = state.queue_delivery(id, DeliveryKind::Ping, at);
            let delivery = state.deliveries.there(queued)?.to_domain();
            Ok((delivery, Outcome::changed(queued.get())))
        })
    }

    async fn retry_delivery(
        &self,
        commit: Commit<RetryDelivery>,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        self.commit(commit, |state, RetryDelivery { webhook, id, at }| {
            state.change_webhook(webhook)?;
            let Ok(row) = state.deliveries.change(id) else {
                return Ok((None, Outcome::Unchanged));
            };
            if row.webhook != webhook {
                return Ok((None, Outcome::Unchanged));
            }
            row.make_pending(at);
            Ok((Some(row.to_domain()), Outcome::changed(id.get())))
        })
    }

    async fn replay_events(&self, commit: Commit<ReplayEvents>) -> Result<u64, StoreError> {
        self.commit(commit, |state, replay| {
            state.change_webhook(replay.webhook)?;
            let mut queued = 0;
            for event in replay.events {
                queued += u64::from(state.replay(replay.webhook, event, replay.at));
            }
            Ok((queued, Outcome::changed(replay.webhook.get())))
        })
    }
}
