//! The hasher: who computes when.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Params;
use async_trait::async_trait;
use classdesk_background::{Beat, Share};
use classdesk_domain::clock::SecretSource;
use classdesk_domain::people::{PasswordHash, PasswordHashError, PasswordHasher, Verification};
use classdesk_domain::store::Cause;
use tokio::sync::{Semaphore, oneshot};

use crate::cost::{Cost, CostError};
use crate::digest::{self, SALT_BYTES};
use crate::share::Shares;
use crate::threads::Threads;

/// How many hashes are computed at once and how many callers may wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Hashes at once, at least 1. Each takes the memory of its [`Cost`].
    pub at_once: usize,
    /// Callers that may wait besides. Zero refuses whoever can't start at once.
    pub waiting: usize,
}

impl Default for Load {
    /// Two at once (38 MiB at the default cost), and one where there are one or two processors, so
    /// that of two one is left to others; 64 waiting, who are served within some two seconds where
    /// nobody else is busy.
    fn default() -> Self {
        Self {
            at_once: usual(available_parallelism().map_or(1, NonZero::get)),
            waiting: 64,
        }
    }
}

/// How many hashes so many processors compute at once, unless somebody says otherwise.
const fn usual(processors: usize) -> usize {
    if processors > 2 { 2 } else { 1 }
}

/// The domain's password hasher on Argon2id.
pub struct Argon2idHasher {
    params: Params,
    secrets: Arc<dyn SecretSource>,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    shares: Arc<Shares>,
    beat: Beat,
    rest: Threads,
    least: Threads,
}

impl Argon2idHasher {
    /// A hasher of this cost under this load, with salts from `secrets`.
    ///
    /// # Errors
    /// A [`CostError`] when the cost is below the least allowed one, or impossible.
    pub fn new(cost: Cost, load: Load, secrets: Arc<dyn SecretSource>) -> Result<Self, CostError> {
        let at_once = load.at_once.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = load.waiting.min(Semaphore::MAX_PERMITS / 2);
        Ok(Self {
            params: cost.params()?,
            secrets,
            admitted: Arc::new(Semaphore::new(at_once + waiting)),
            running: Arc::new(Semaphore::new(at_once)),
            shares: Arc::default(),
            beat: Beat::default(),
            rest: Threads::with(Share::Rest),
            least: Threads::with(Share::Least),
        })
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&self.secrets.bytes()[..SALT_BYTES]);
        salt
    }

    /// Computes when it is this caller's turn. The permits travel with the work: a caller that
    /// goes away frees its place only when its memory is free as well.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, PasswordHashError> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| PasswordHashError::Busy)?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|closed| PasswordHashError::Failed(closed.into()))?;
        let (tell, told) = oneshot::channel();
        let share = self.shares.next();
        let (threads, beating) = match share {
            Share::Rest => (&self.rest, Some(self.beat.keep())),
            Share::Least => (&self.least, None),
        };
        let shares = Arc::clone(&self.shares);
        // Others go first: a sign-in takes long anyway.
        let hash = move || -> Box<dyn FnOnce()> {
            let result = shares.learn_from(work);
            Box::new(move || {
                drop((running, admitted, beating));
                // Whoever asked may have gone away.
                let _ = tell.send(result);
            })
        };
        threads
            .run(Box::new(hash))
            .map_err(|error| PasswordHashError::Failed(error.into()))?;
        told.await
            .map_err(|died| PasswordHashError::Failed(died.into()))?
            .map_err(PasswordHashError::Failed)
    }
}

#[async_trait]
impl PasswordHasher for Argon2idHasher {
    async fn hash(&self, password: String) -> Result<PasswordHash, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(move || digest::hash(&password, &salt, &params))
            .await
    }

    fn is_busy(&self) -> bool {
        self.admitted.available_permits() == 0
    }

    async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(move || match hash {
            Some(hash) => digest::verify(&password, &hash, &params),
            // The same work as a check, at the present cost, for a name that nobody has.
            None => digest::hash(&password, &salt, &params).map(|_| Verification::Wrong),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_processors_one_is_left_to_others() {
        for (processors, at_once) in [(1, 1), (2, 1), (3, 2), (64, 2)] {
            assert_eq!(usual(processors), at_once, "{processors}");
        }
    }
}
