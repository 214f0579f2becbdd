//! Idempotency keys: the same request twice creates one thing (docs/contract.md#retries).
//!
//! A key is *reserved* before the work begins. The commit that creates something *completes* the
//! reservation in its own transaction, so there is no instant at which the thing exists and the
//! key is free. The rendered answer is stored afterwards; should the process die in between, a
//! retry finds the id of what was created and renders it again, since nobody has had an answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Timestamp};
use crate::error::{Conflict, Error, FieldError};
use crate::ids::{IdempotencyId, UserId};
use crate::store::StoreError;

/// How long a completed key is remembered.
pub const KEY_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a reservation holds unless it is renewed, so that a key whose first request died with
/// the server is free again after at most a minute (docs/contract.md#retries).
pub const LEASE_TTL: Duration = Duration::from_secs(60);

/// A key as the client sent it: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks what the client sent.
    ///
    /// # Errors
    /// A [`FieldError`] when it is empty, too long or not printable ASCII.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        if (1..=255).contains(&raw.len()) && raw.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(FieldError::rule(
                "idempotency_key",
                "An idempotency key has 1 to 255 printable ASCII characters.",
            ))
        }
    }

    /// The key itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key belongs to: a person, a method and a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyScope {
    /// Who sent it.
    pub user: UserId,
    /// Method and path, for example `POST /api/v1/tickets/`.
    pub operation: String,
    /// The key.
    pub key: IdempotencyKey,
}

/// A digest of everything that makes two requests the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Takes back what a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// Proof of a reservation: its row and which attempt holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The reservation.
    pub id: IdempotencyId,
    /// Counts up each time the key is reserved anew.
    pub attempt: i64,
}

/// What a commit writes to complete a reservation.
///
/// The store MUST answer [`StoreError::Stale`], and change nothing, when the lease is no longer
/// held or was completed already. A lease that has ended is still held for a commit as long as
/// nobody has reserved the key anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The reservation.
    pub lease: Lease,
    /// What the request asked for.
    pub fingerprint: Fingerprint,
}

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
    /// Reserves the key until `now` + [`LEASE_TTL`], or says in which state it is.
    ///
    /// Of any number of concurrent calls at most one MUST get [`Reservation::Reserved`]. A
    /// reservation whose lease ended (at exactly its end it has), and a completed one that was
    /// reserved [`KEY_TTL`] ago or longer, MUST count as free. A key that is reserved anew
    /// keeps its row and counts up [`Lease::attempt`], which begins at 1.
    async fn reserve(&self, scope: &KeyScope, now: Timestamp) -> Result<Reservation, StoreError>;

    /// Makes the lease last until `now` + [`LEASE_TTL`]; `false`, with nothing changed, when it is no
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

impl Completed {
    /// Checks that a retry asks for what the first request asked for.
    ///
    /// # Errors
    /// [`Error::IdempotencyMismatch`].
    pub fn matching(self, fingerprint: &Fingerprint) -> Result<Self, Error> {
        if self.fingerprint == *fingerprint {
            Ok(self)
        } else {
            Err(Error::IdempotencyMismatch)
        }
    }
}

impl Reservation {
    /// The lease, or what was completed.
    ///
    /// # Errors
    /// [`Conflict::IdempotencyRunning`].
    pub fn settled(self) -> Result<Result<Lease, Completed>, Error> {
        match self {
            Self::Reserved(lease) => Ok(Ok(lease)),
            Self::Completed(completed) => Ok(Err(completed)),
            Self::Running => Err(Conflict::IdempotencyRunning.into()),
        }
    }
}

/// Idempotency keys, as a shell uses them.
#[derive(Clone)]
pub struct IdempotencyService {
    pub(crate) idempotency: Arc<dyn IdempotencyRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl IdempotencyService {
    /// Reserves a key, or finds what it has created.
    ///
    /// # Errors
    /// [`Conflict::IdempotencyRunning`].
    pub async fn begin(&self, scope: &KeyScope) -> Result<Result<Lease, Completed>, Error> {
        let now = self.clock.now();
        self.idempotency.reserve(scope, now).await?.settled()
    }

    /// Keeps a reservation for a request that takes long; `false` when it is lost.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn renew(&self, lease: Lease) -> Result<bool, Error> {
        Ok(self.idempotency.renew(lease, self.clock.now()).await?)
    }

    /// Frees the key of a request that has failed.
    ///
    /// # Errors
    /// Only failures of the store; the lease ends by itself then.
    pub async fn release(&self, lease: Lease) -> Result<(), Error> {
        Ok(self.idempotency.release(lease).await?)
    }

    /// Keeps the rendered answer for retries.
    ///
    /// # Errors
    /// Only failures of the store; a retry is rendered anew then.
    pub async fn save_response(
        &self,
        id: IdempotencyId,
        answer: &StoredResponse,
    ) -> Result<(), Error> {
        Ok(self.idempotency.store_response(id, answer).await?)
    }
}
