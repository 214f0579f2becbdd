//! Idempotency keys: the same request twice creates one thing (docs/contract.md#retries).
//!
//! A key is *reserved* before the work begins. The commit that creates something *completes* the
//! reservation in its own transaction, so there is no instant at which the thing exists and the
//! key is free. No answer is stored: a retry finds the id of what was created, and is answered with
//! that thing as it is by then, to a person who may still see it.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{Completion, Fingerprint, IdempotencyKey, KEY_TTL, KeyScope, LEASE_TTL, Lease};
#[cfg(feature = "mocks")]
pub use ports::MockIdempotencyRepository;
pub use ports::{Completed, IdempotencyRepository, Reservation};
pub use service::{Begun, IdempotencyService};
