//! The use cases of idempotency keys.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Conflict, Error};

use super::model::{Fingerprint, KeyScope, Lease};
use super::ports::{Completed, IdempotencyRepository, Reservation};

impl Completed {
    /// Checks that a retry asks for what the first request asked for. To be called once it is sure
    /// that the actor still sees the object.
    ///
    /// # Errors
    /// [`Error::IdempotencyMismatch`].
    pub fn check(&self, fingerprint: &Fingerprint) -> Result<(), Error> {
        if self.fingerprint == *fingerprint {
            Ok(())
        } else {
            Err(Error::IdempotencyMismatch)
        }
    }
}

/// Whether a request is the first with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is, and holds this lease.
    First(Lease),
    /// An earlier request has completed.
    Repeated(Completed),
}

/// The use cases of idempotency keys.
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
    pub async fn begin(&self, scope: &KeyScope) -> Result<Begun, Error> {
        match self.idempotency.reserve(scope, self.clock.now()).await? {
            Reservation::Reserved(lease) => Ok(Begun::First(lease)),
            Reservation::Completed(completed) => Ok(Begun::Repeated(completed)),
            Reservation::Running => Err(Conflict::IdempotencyRunning.into()),
        }
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
}
