//! Looking after the store itself.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::store::{Maintenance, RetentionCutoffs, StoreError};
use classdesk_domain::webhooks::DeliveryState;

use super::MemoryStore;

#[async_trait]
impl Maintenance for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError> {
        let limit = limit as usize;
        self.write(|state| {
            let sessions = state.sessions.remove_where(limit, |row| {
                row.session.expires_at <= outlived.sessions_expired_by
                    || row.session.last_used_at < outlived.sessions_idle_since
            });
            let mut failures = 0;
            Arc::make_mut(&mut state.failures).retain(|failure| {
                let goes = failures < limit && failure.at < outlived.login_failures_before;
                failures += usize::from(goes);
                !goes
            });
            let mut networks = 0;
            Arc::make_mut(&mut state.login_networks).retain(|_, last| {
                let goes = networks < limit && *last < outlived.login_networks_before;
                networks += usize::from(goes);
                !goes
            });
            let reservations = state.reservations.remove_where(limit, |row| {
                row.ends_at()
                    .is_none_or(|end| end <= outlived.idempotency_expired_by)
            });
            let removed = |webhook| {
                let row = state.webhooks.get(webhook);
                row.is_none_or(|row| row.removed_at.is_some())
            };
            let deliveries = state.deliveries.remove_where(limit, |row| {
                let kept_since = match row.state {
                    DeliveryState::Delivered => outlived.deliveries_arrived_before,
                    _ => outlived.deliveries_ended_before,
                };
                row.finished_at.is_some_and(|at| at < kept_since) || removed(row.webhook)
            });
            let webhooks = state.webhooks.remove_where(limit, |row| {
                let mut deliveries = state.deliveries.rows();
                row.removed_at.is_some() && !deliveries.any(|each| each.webhook == row.id)
            });
            Ok(deliveries + webhooks + sessions + (failures + networks) as u64 + reservations)
        })
    }
}
