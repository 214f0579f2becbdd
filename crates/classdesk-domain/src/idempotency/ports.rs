//! What idempotency keys need of a store.

use async_trait::async_trait;

use crate::clock::Timestamp;

use super::model::{Fingerprint, KeyScope, Lease};
use crate::store::error::StoreError;

/// What a completed reservation remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// What the first request asked for.
    pub fingerprint: Fingerprint,
    /// The id of what the first request created.
    pub object_id: i64,
}

/// The state in which a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is the caller's now.
    Reserved(Lease),
    /// The first request is still running.
    Running,
    /// The first request has succeeded.
    Completed(Completed),
}

/// Keeping idempotency keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyRepository: Send + Sync {
    /// Reserves the key until `now` + [`LEASE_TTL`](super::LEASE_TTL), or says in which state it is.
    ///
    /// Of any number of concurrent calls at most one MUST get [`Reservation::Reserved`]. A
    /// reservation whose lease ended (at exactly its end it has), and a completed one that was
    /// reserved [`KEY_TTL`](super::KEY_TTL) ago or longer, MUST count as free. A key that is reserved anew
    /// keeps its row and counts up [`Lease::attempt`], which begins at 1.
    async fn reserve(&self, scope: &KeyScope, now: Timestamp) -> Result<Reservation, StoreError>;

    /// Makes the lease last until `now` + [`LEASE_TTL`](super::LEASE_TTL); `false`, with nothing changed, when it is no
    /// longer held: it has ended by `now`, was released, completed, or the key was reserved anew.
    /// A long upload renews its lease while it runs.
    async fn renew(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError>;

    /// Frees a key whose request has failed. Without effect when the lease is no longer held or
    /// the reservation is completed.
    async fn release(&self, lease: Lease) -> Result<(), StoreError>;
}
