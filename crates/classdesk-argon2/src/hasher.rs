//! The domain's password hasher: a bounded queue before a few threads.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Params;
use async_trait::async_trait;
use classdesk_domain::clock::SecretSource;
use classdesk_domain::people::{PasswordHash, PasswordHashError, PasswordHasher, Verification};
use classdesk_domain::store::Cause;
use tokio::sync::{Semaphore, oneshot};

use crate::cost::{Cost, CostError};
use crate::phc::{self, SALT_BYTES};
use crate::workers::Workers;

/// How many hashes are computed at the same time, and how many callers may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads that compute hashes, at least 1. Each takes the memory of the [`Cost`].
    pub concurrency: usize,
    /// Callers that may wait besides. With zero, a call that can't start at once is refused.
    pub queue: usize,
}

impl Default for Limits {
    /// Two threads (38 MiB at the default cost), but one on a machine with one or two processors.
    /// The queue holds 64 callers: some two seconds of work.
    fn default() -> Self {
        Self {
            concurrency: default_concurrency(available_parallelism().map_or(1, NonZero::get)),
            queue: 64,
        }
    }
}

const fn default_concurrency(processors: usize) -> usize {
    if processors > 2 { 2 } else { 1 }
}

/// Why there is no hasher.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HasherError {
    /// The cost is refused.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// The system refuses a thread.
    #[error("the threads for password hashes can't be started")]
    Threads(#[source] io::Error),
}

/// The domain's password hasher on Argon2id.
///
/// Callers are served in the order in which they come. The port names neither person nor address,
/// so fairness among them is left to the domain, which counts attempts before it hashes.
pub struct Argon2idHasher {
    params: Params,
    secrets: Arc<dyn SecretSource>,
    /// One permit for each call that is computed or waits.
    permits: Arc<Semaphore>,
    workers: Workers,
}

impl Argon2idHasher {
    /// A hasher of this cost with these limits. Salts come from `secrets`.
    ///
    /// # Errors
    /// A [`HasherError`] when the cost is too low or impossible, or when a thread can't be started.
    pub fn new(
        cost: Cost,
        limits: Limits,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, HasherError> {
        let concurrency = limits.concurrency.max(1);
        let permits = concurrency.saturating_add(limits.queue);
        Ok(Self {
            params: cost.params()?,
            secrets,
            permits: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            workers: Workers::start(concurrency).map_err(HasherError::Threads)?,
        })
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&self.secrets.bytes()[..SALT_BYTES]);
        salt
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, PasswordHashError> {
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| PasswordHashError::Busy)?;
        let (sender, receiver) = oneshot::channel();
        self.workers.queue(Box::new(move || {
            if sender.is_closed() {
                return;
            }
            let result = work();
            // A caller that has its answer finds the permit free.
            drop(permit);
            let _ = sender.send(result);
        }));
        receiver
            .await
            .map_err(|panicked| PasswordHashError::Failed(panicked.into()))?
            .map_err(PasswordHashError::Failed)
    }
}

#[async_trait]
impl PasswordHasher for Argon2idHasher {
    async fn hash(&self, password: String) -> Result<PasswordHash, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(move || phc::hash(&password, &salt, &params))
            .await
    }

    fn is_busy(&self) -> bool {
        self.permits.available_permits() == 0
    }

    async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(move || match hash {
            Some(hash) => phc::verify(&password, &hash, &params),
            // An unknown name costs as much as a check at the present cost.
            None => phc::hash(&password, &salt, &params).map(|_| Verification::Wrong),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_processors_is_left_to_requests() {
        for (processors, concurrency) in [(1, 1), (2, 1), (3, 2), (64, 2)] {
            assert_eq!(default_concurrency(processors), concurrency, "{processors}");
        }
    }
}
