//! Stand-ins for time, randomness and password hashing.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::clock::{Clock, SecretSource, Timestamp};
use classdesk_domain::people::{
    HashRequester, PasswordHash, PasswordHashError, PasswordHasher, Verification,
};
use sha2::{Digest, Sha256};

/// A clock that stands still until it is told to move.
///
/// ```
/// use std::time::Duration;
/// use classdesk_domain::clock::Clock;
/// use classdesk_memory::FrozenClock;
///
/// let clock = FrozenClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().since(before), Duration::from_secs(60));
/// ```
#[derive(Debug)]
pub struct FrozenClock {
    micros: AtomicI64,
}

impl FrozenClock {
    /// A clock that shows `at`.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self {
            micros: AtomicI64::new(at.micros()),
        }
    }

    /// Makes it show `at`, later or earlier.
    pub fn set(&self, at: Timestamp) {
        self.micros.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Default for FrozenClock {
    /// 2026-03-01T10:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_772_359_200_000_000))
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

/// The same unguessable-looking bytes in every run: never to be used outside tests.
#[derive(Debug, Default)]
pub struct SeededSecrets {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededSecrets {
    /// A source whose bytes depend on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: AtomicU64::new(0),
        }
    }
}

impl SecretSource for SeededSecrets {
    fn bytes(&self) -> [u8; 32] {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
        let mut digest = Sha256::new();
        digest.update(self.seed.to_be_bytes());
        digest.update(drawn.to_be_bytes());
        digest.finalize().into()
    }
}

/// A hasher that takes no time.
///
/// It does not keep the port's timing rule: a check without a hash is as quick as one with, only
/// because both are instant. Its hashes hide nothing. The parameters are a mere number; a hash
/// made with another one is outdated, so that renewing hashes can be tested.
#[derive(Debug, Default)]
pub struct PlainHasher {
    parameters: AtomicU64,
    salts: Mutex<u64>,
}

impl PlainHasher {
    /// Makes all hashes so far outdated.
    pub fn strengthen(&self) {
        self.parameters.fetch_add(1, Ordering::SeqCst);
    }

    fn digest(salt: u64, password: &str) -> String {
        let digest = Sha256::digest(format!("{salt}:{password}"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn check(&self, password: &str, phc: &str) -> Option<Verification> {
        let mut parts = phc.strip_prefix("$plain$")?.split('$');
        let parameters: u64 = parts.next()?.parse().ok()?;
        let salt: u64 = parts.next()?.parse().ok()?;
        let right = parts.next()? == Self::digest(salt, password);
        let outdated = parameters != self.parameters.load(Ordering::SeqCst);
        Some(if right {
            Verification::Right { outdated }
        } else {
            Verification::Wrong
        })
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(
        &self,
        _: HashRequester,
        password: String,
    ) -> Result<PasswordHash, PasswordHashError> {
        let salt = {
            let mut salts = self.salts.lock().unwrap_or_else(PoisonError::into_inner);
            *salts += 1;
            *salts
        };
        let parameters = self.parameters.load(Ordering::SeqCst);
        let digest = Self::digest(salt, &password);
        Ok(PasswordHash::new(format!(
            "$plain${parameters}${salt}${digest}"
        )))
    }

    async fn verify(
        &self,
        _: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        let Some(hash) = hash else {
            return Ok(Verification::Wrong);
        };
        self.check(&password, hash.as_str())
            .ok_or_else(|| PasswordHashError::Failed("this hash is not one of ours".into()))
    }
}
