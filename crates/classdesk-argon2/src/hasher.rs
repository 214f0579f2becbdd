//! The domain's password hasher: bounded queues before a few threads.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Params;
use async_trait::async_trait;
use classdesk_domain::ClientNetwork;
use classdesk_domain::clock::SecretSource;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{
    HashRequester, LoginKey, PasswordHash, PasswordHashError, PasswordHasher, Verification,
};
use classdesk_domain::store::Cause;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::cost::{Cost, CostError};
use crate::phc::{self, SALT_BYTES};
use crate::turns::{Turn, Turns};
use crate::workers::Workers;

/// How many hashes are computed at the same time, and how many callers may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads that compute hashes, at least 1. Each takes the memory of the [`Cost`].
    pub concurrency: usize,
    /// Callers that may wait besides, in all and for one name, network or person. What is no sign-in
    /// has three quarters of the places. With zero, a call that can't start at once is refused.
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

/// What has one hash at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Network(ClientNetwork),
    Name(LoginKey),
    Person(UserId),
}

/// The keys of a requester, in the order in which it waits for them. A network comes first, so that
/// a flood from one network has one place at most before a name.
fn keys(requester: HashRequester) -> Vec<Key> {
    match requester {
        HashRequester::SignIn { name, network } => vec![Key::Network(network), Key::Name(name)],
        HashRequester::Person(user) => vec![Key::Person(user)],
        HashRequester::Operator => Vec::new(),
    }
}

/// The share of the common queue that is open to what is no sign-in: three quarters.
const PLACES_OF_OTHERS: (usize, usize) = (3, 4);

/// The domain's password hasher on Argon2id.
///
/// A network, a name and a person each have one hash at a time, and their own callers wait behind
/// it. So callers wait for those of others only in the common queue, where each has one place.
pub struct Argon2idHasher {
    params: Params,
    secrets: Arc<dyn SecretSource>,
    turns: Arc<Turns<Key>>,
    /// One permit for each call that is computed or waits for nothing but a thread.
    permits: Arc<Semaphore>,
    /// One permit for each of them that is no sign-in.
    permits_of_others: Arc<Semaphore>,
    workers: Workers,
}

/// What a call holds until its hash is computed.
type Held = (Vec<Turn<Key>>, Vec<OwnedSemaphorePermit>);

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
        let permits = permits.min(Semaphore::MAX_PERMITS / PLACES_OF_OTHERS.0);
        let of_others = (permits * PLACES_OF_OTHERS.0).div_ceil(PLACES_OF_OTHERS.1);
        Ok(Self {
            params: cost.params()?,
            secrets,
            turns: Arc::new(Turns::new(limits.queue)),
            permits: Arc::new(Semaphore::new(permits)),
            permits_of_others: Arc::new(Semaphore::new(of_others)),
            workers: Workers::start(concurrency).map_err(HasherError::Threads)?,
        })
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&self.secrets.bytes()[..SALT_BYTES]);
        salt
    }

    /// The semaphores of which this requester needs a permit, in the order in which it waits for
    /// them: nobody waits with a permit that a sign-in could use.
    fn queues(&self, requester: HashRequester) -> Vec<&Arc<Semaphore>> {
        match requester {
            HashRequester::SignIn { .. } => vec![&self.permits],
            HashRequester::Person(_) | HashRequester::Operator => {
                vec![&self.permits_of_others, &self.permits]
            }
        }
    }

    /// Refuses a caller at once or not at all: who has waited for a turn is served.
    async fn enter(&self, requester: HashRequester) -> Result<Held, PasswordHashError> {
        if self.is_busy(requester) {
            return Err(PasswordHashError::Busy);
        }
        let mut turns = Vec::new();
        for key in keys(requester) {
            let turn = self.turns.wait(key).await;
            turns.push(turn.ok_or(PasswordHashError::Busy)?);
        }
        let mut permits = Vec::new();
        for queue in self.queues(requester) {
            let permit = Arc::clone(queue).acquire_owned().await;
            permits.push(permit.map_err(|closed| PasswordHashError::Failed(closed.into()))?);
        }
        Ok((turns, permits))
    }

    async fn compute<T: Send + 'static>(
        &self,
        requester: HashRequester,
        work: impl FnOnce() -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, PasswordHashError> {
        let held = self.enter(requester).await?;
        let (sender, receiver) = oneshot::channel();
        self.workers.queue(Box::new(move || {
            if sender.is_closed() {
                return;
            }
            let result = work();
            // A caller that has its answer finds the permit free.
            drop(held);
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
    async fn hash(
        &self,
        requester: HashRequester,
        password: String,
    ) -> Result<PasswordHash, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(requester, move || phc::hash(&password, &salt, &params))
            .await
    }

    fn is_busy(&self, requester: HashRequester) -> bool {
        let mut queues = self.queues(requester).into_iter();
        queues.any(|queue| queue.available_permits() == 0)
            || keys(requester).iter().any(|key| self.turns.is_full(key))
    }

    async fn verify(
        &self,
        requester: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        let (salt, params) = (self.salt(), self.params.clone());
        self.compute(requester, move || match hash {
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
