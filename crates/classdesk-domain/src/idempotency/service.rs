//! The use cases of idempotency keys.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Conflict, Error};
use crate::ids::IdempotencyId;

use super::model::{Fingerprint, KeyScope, Lease};
use super::ports::{Completed, IdempotencyRepository, Reservation, StoredResponse};

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
