//! Published keys: kept, and looked for anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::people::{TokenError, TokenRefusal};
use jsonwebtoken::{Algorithm, Header};
use reqwest::Client;
use tokio::sync::watch;

use crate::fetch::{client, fetch};
use crate::key::{Key, choose};
use crate::settings::{BuildError, KeySetUrl};

/// How much time passes between two requests for keys.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(60);

/// How old keys are when they are looked for anew, so that one that was withdrawn goes.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// What published keys sign with.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// The keys of an issuer. Clones share them.
#[derive(Clone)]
pub(crate) struct KeySet {
    client: Client,
    url: KeySetUrl,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    keys: Arc<[Key]>,
    fetched_at: Option<Timestamp>,
    latest: Option<Attempt>,
}

/// A request for the keys, and how it ended.
#[derive(Clone)]
struct Attempt {
    begun_at: Timestamp,
    succeeded: watch::Receiver<Option<bool>>,
}

impl KeySet {
    /// Keys that nobody has asked for yet.
    ///
    /// # Errors
    /// [`BuildError::Client`].
    pub(crate) fn new(
        url: KeySetUrl,
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            client: client(timeout)?,
            url,
            clock,
            state: Arc::default(),
        })
    }

    /// The key that a token names.
    ///
    /// # Errors
    /// A refusal, or that the issuer does not answer.
    pub(crate) async fn find(&self, header: &Header) -> Result<Key, TokenError> {
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenRefusal::Algorithm.into());
        }
        let (known, attempt) = self.look(header)?;
        if let Some(key) = known {
            return Ok(key);
        }
        let mut succeeded = attempt.succeeded;
        let ended = succeeded.wait_for(Option::is_some).await;
        let has_answer = ended.is_ok_and(|ended| *ended == Some(true));
        let keys = self.state().keys.clone();
        match choose(&keys, header)? {
            Some(key) => Ok(key.clone()),
            None if has_answer => Err(TokenRefusal::UnknownKey.into()),
            None => Err(TokenError::Unavailable),
        }
    }

    /// The key, if it is known, and the latest request for keys. It begins one where it is due: for an
    /// unknown key somebody waits, and for a known one nobody does.
    fn look(&self, header: &Header) -> Result<(Option<Key>, Attempt), TokenRefusal> {
        let now = self.clock.now();
        let mut state = self.state();
        let known = choose(&state.keys, header)?.cloned();
        let is_fresh = |at: Timestamp| now.since(at) < KEPT;
        let wants = known.is_none() || !state.fetched_at.is_some_and(is_fresh);
        let recent = |attempt: &&Attempt| now.since(attempt.begun_at) < BETWEEN_REQUESTS;
        let latest = state.latest.as_ref();
        let attempt = match latest.filter(|attempt| !wants || recent(attempt)) {
            Some(attempt) => attempt.clone(),
            None => {
                let attempt = self.begin(now);
                state.latest = Some(attempt.clone());
                attempt
            }
        };
        Ok((known, attempt))
    }

    /// Begins to ask for the keys. The task goes on when nobody waits for it any more.
    fn begin(&self, now: Timestamp) -> Attempt {
        let (done, succeeded) = watch::channel(None);
        let set = self.clone();
        tokio::spawn(async move {
            let answer = fetch(&set.client, set.url.url()).await;
            let is_good = answer.is_ok();
            match answer {
                Ok(keys) => {
                    let mut state = set.state();
                    state.keys = keys.into();
                    state.fetched_at = Some(now);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the keys of tokens can't be fetched just now");
                }
            }
            done.send_replace(Some(is_good));
        });
        Attempt {
            begun_at: now,
            succeeded,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
