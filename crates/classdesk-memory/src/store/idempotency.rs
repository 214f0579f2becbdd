//! Idempotency keys.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::idempotency::{
    IdempotencyRepository, KEY_TTL, KeyScope, LEASE_TTL, Lease, Reservation,
};
use classdesk_domain::store::StoreError;

use super::MemoryStore;
use super::rows::ReservationRow;

impl ReservationRow {
    /// When the key becomes free; `None` when it is.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        match self.completed {
            Some(_) => Some(self.reserved_at.plus(KEY_TTL)),
            None => self.until,
        }
    }

    fn is_free(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|end| end <= now)
    }

    fn is_held_by(&self, lease: Lease) -> bool {
        self.attempt == lease.attempt && self.completed.is_none() && self.until.is_some()
    }

    fn found(&self) -> Reservation {
        self.completed
            .map_or(Reservation::Running, Reservation::Completed)
    }
}

#[async_trait]
impl IdempotencyRepository for MemoryStore {
    async fn reserve(&self, scope: &KeyScope, now: Timestamp) -> Result<Reservation, StoreError> {
        self.write(|state| {
            state.users.there(scope.user)?;
            let known = state
                .reservations
                .iter()
                .find(|(_, row)| row.scope == *scope);
            let lease = match known.map(|(id, row)| (id, row.clone())) {
                Some((_, row)) if !row.is_free(now) => return Ok(row.found()),
                Some((id, row)) => {
                    let attempt = row.attempt + 1;
                    *state.reservations.change(id)? = reservation(row.scope, attempt, now);
                    Lease { id, attempt }
                }
                None => Lease {
                    id: state
                        .reservations
                        .insert(|_| reservation(scope.clone(), 1, now)),
                    attempt: 1,
                },
            };
            Ok(Reservation::Reserved(lease))
        })
    }

    async fn renew(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| {
            let Ok(row) = state.reservations.change(lease.id) else {
                return Ok(false);
            };
            let held = row.is_held_by(lease) && !row.is_free(now);
            if held {
                row.until = Some(now.plus(LEASE_TTL));
            }
            Ok(held)
        })
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.write(|state| {
            if let Ok(row) = state.reservations.change(lease.id)
                && row.is_held_by(lease)
            {
                row.until = None;
            }
            Ok(())
        })
    }
}

fn reservation(scope: KeyScope, attempt: i64, now: Timestamp) -> ReservationRow {
    ReservationRow {
        scope,
        attempt,
        reserved_at: now,
        until: Some(now.plus(LEASE_TTL)),
        completed: None,
    }
}
