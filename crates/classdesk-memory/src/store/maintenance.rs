//! Looking after the store itself.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::store::{Maintenance, RetentionCutoffs, StoreError};

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
            Ok(sessions + (failures + networks) as u64 + reservations)
        })
    }
}
