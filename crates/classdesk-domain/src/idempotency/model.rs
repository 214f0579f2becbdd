//! What a key is, and the lease that its first request holds.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::from_text::from_text;
use crate::ids::{IdempotencyId, UserId};
use crate::validation::FieldError;

/// How long a completed key is remembered.
pub const KEY_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a reservation holds unless it is renewed, so that a key whose first request died with
/// the server is free again after at most a minute (docs/contract.md#retries).
pub const LEASE_TTL: Duration = Duration::from_secs(60);

/// A key as the client sent it: 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

from_text!(IdempotencyKey);

impl IdempotencyKey {
    /// Checks what the client sent.
    ///
    /// # Errors
    /// A [`FieldError`] when it is empty, too long or not printable ASCII.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        if (1..=255).contains(&raw.len()) && raw.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(FieldError::IdempotencyKey)
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
    /// The sender.
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
/// The store MUST answer [`StoreError::Stale`](crate::store::StoreError::Stale), and change nothing, when the lease is no longer
/// held or was completed already. A lease that has ended is still held for a commit as long as
/// the key is not reserved anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The reservation.
    pub lease: Lease,
    /// What the request asked for.
    pub fingerprint: Fingerprint,
}
