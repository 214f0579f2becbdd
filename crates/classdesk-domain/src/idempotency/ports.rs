//! What idempotency keys need of a store.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::IdempotencyId;

use super::model::{Fingerprint, KeyScope, Lease};
use crate::store::error::StoreError;

/// A rendered answer, opaque to the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status of the transport, for example 201.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// What a completed reservation remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The reservation.
    pub id: IdempotencyId,
    /// What the first request asked for.
    pub fingerprint: Fingerprint,
    /// The id of what the first request created.
    pub object_id: i64,
    /// Its answer; `None` when the process died before it was stored.
    pub answer: Option<StoredResponse>,
}

/// The state in which a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Stores the rendered answer of a completed reservation. Without effect when there is one.
    async fn store_response(
        &self,
        id: IdempotencyId,
        answer: &StoredResponse,
    ) -> Result<(), StoreError>;
}
