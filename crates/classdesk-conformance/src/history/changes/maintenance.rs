//! Idempotency keys, and looking after the store.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::idempotency::{IdempotencyKey, KeyScope, Reservation};
use classdesk_domain::store::RetentionCutoffs;

use crate::history::replica::Replica;

impl Replica<'_> {
    pub(super) async fn use_a_key(&mut self) -> String {
        let now = self.tick();
        if self.once_in(2) || self.leases.is_empty() {
            let scope = KeyScope {
                user: self.person().id,
                operation: "POST /tickets/".to_owned(),
                key: IdempotencyKey::parse(self.any(&["a", "b"])).expect("a key"),
            };
            let found = self.store.reserve(&scope, now).await;
            if let Ok(Reservation::Reserved(lease)) = &found {
                self.numbers.note(lease.id);
                self.leases.push(*lease);
            }
            return self.report("reserve", found);
        }
        let leases = self.leases.clone();
        let lease = self.any(&leases);
        if self.once_in(2) {
            let renewed = self.store.renew(lease, now).await;
            self.report("renew", renewed)
        } else {
            let released = self.store.release(lease).await;
            self.report("release", released)
        }
    }

    pub(super) async fn purge(&mut self) -> String {
        let now = self.tick();
        let ago = |seconds| -> Timestamp { now.minus(Duration::from_secs(seconds)) };
        let outlived = RetentionCutoffs {
            sessions_expired_by: ago(10),
            sessions_idle_since: ago(300),
            login_failures_before: ago(60),
            login_networks_before: ago(600),
            deliveries_arrived_before: ago(60),
            deliveries_ended_before: ago(120),
            idempotency_expired_by: ago(10),
        };
        let purged = self.store.purge(outlived, 1_000).await;
        self.report("purge", purged)
    }
}
