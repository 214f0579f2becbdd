//! Webhooks and deliveries as the store keeps them.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{DeliveryId, EventId, UserId, WebhookId};
use classdesk_domain::webhooks::{
    DeliveryAttempt, DeliveryFilter, DeliveryKind, DeliveryState, DisabledReason, WebhookDelivery,
    WebhookHealth, WebhookSecrets, WebhookSettings,
};

/// A webhook.
#[derive(Debug, Clone)]
pub(super) struct WebhookRow {
    pub(super) id: WebhookId,
    pub(super) settings: WebhookSettings,
    pub(super) disabled: Option<DisabledReason>,
    pub(super) starts_after: EventId,
    pub(super) secrets: WebhookSecrets,
    pub(super) health: WebhookHealth,
    pub(super) leased_until: Option<Timestamp>,
    pub(super) created_by: UserId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) removed_at: Option<Timestamp>,
    pub(super) version: i64,
}

/// A delivery.
#[derive(Debug, Clone)]
pub(super) struct DeliveryRow {
    pub(super) id: DeliveryId,
    pub(super) webhook: WebhookId,
    pub(super) kind: DeliveryKind,
    pub(super) state: DeliveryState,
    pub(super) due_at: Option<Timestamp>,
    pub(super) tries: u32,
    pub(super) created_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) attempts: Vec<DeliveryAttempt>,
}

impl DeliveryRow {
    pub(super) fn make_pending(&mut self, at: Timestamp) {
        self.state = DeliveryState::Pending;
        self.due_at = Some(at);
        self.tries = 0;
        self.finished_at = None;
    }

    /// Ends it, or leaves it pending.
    pub(super) fn set(&mut self, state: DeliveryState, due_at: Option<Timestamp>, at: Timestamp) {
        self.state = state;
        self.due_at = due_at;
        self.finished_at = due_at.is_none().then_some(at);
    }

    pub(super) fn to_domain(&self) -> WebhookDelivery {
        WebhookDelivery {
            id: self.id,
            webhook: self.webhook,
            kind: self.kind,
            state: self.state,
            next_attempt_at: self.due_at,
            created_at: self.created_at,
            attempt_count: u32::try_from(self.attempts.len()).expect("few attempts"),
        }
    }

    pub(super) fn matches(&self, webhook: WebhookId, filter: &DeliveryFilter) -> bool {
        self.webhook == webhook
            && filter.state.is_none_or(|state| self.state == state)
            && filter.kind.is_none_or(|kind| self.kind.as_str() == kind)
            && filter.since.is_none_or(|since| self.created_at >= since)
            && filter.until.is_none_or(|until| self.created_at < until)
    }
}
