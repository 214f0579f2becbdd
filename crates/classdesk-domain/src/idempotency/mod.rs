//! Idempotency keys: the same request twice creates one thing (docs/contract.md#retries).
//!
//! A key is *reserved* before the work begins. The commit that creates something *completes* the
//! reservation in its own transaction, so there is no instant at which the thing exists and the
//! key is free. The rendered answer is stored afterwards; should the process die in between, a
//! retry finds the id of what was created and renders it again, since nobody has had an answer.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{Completion, Fingerprint, IdempotencyKey, KEY_TTL, KeyScope, LEASE_TTL, Lease};
#[cfg(feature = "mocks")]
pub use ports::MockIdempotencyRepository;
pub use ports::{Completed, IdempotencyRepository, Reservation, StoredResponse};
pub use service::{Begun, IdempotencyService};
