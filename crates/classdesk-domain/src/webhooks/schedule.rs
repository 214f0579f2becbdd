//! When a delivery is tried again, and what a webhook's failures lead to.

use std::time::Duration;

use crate::clock::Timestamp;

use super::model::WebhookHealth;
use super::words::{DisabledReason, SendFailure};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// How many seconds lie before each attempt but the first.
const PAUSES: [u64; 9] = [
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The longest time that a receiver may ask for.
const LONGEST: Duration = Duration::from_secs(24 * HOUR);

/// A webhook that failed so often in a row is tried once in [`PAUSE`].
const PATIENCE: u32 = 5;
const PAUSE: Duration = Duration::from_secs(MINUTE);

/// A webhook is disabled when nothing but failures came for so long, and so many.
const HOPELESS_AFTER: Duration = Duration::from_secs(5 * 24 * HOUR);
const HOPELESS_FAILURES: u32 = 20;

/// The status by which a receiver says that it is no more.
const GONE: u16 = 410;

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// For how long it wants to be left alone.
    pub retry_after: Option<Duration>,
    /// The beginning of its body, as text.
    pub text: String,
}

/// What came of an attempt.
pub type SendResult = Result<Reply, SendFailure>;

impl Reply {
    /// Whether the event has arrived.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// When the attempt after `tries` failed ones is due; `None` when there is none. `chance` moves it
/// by at most a tenth.
#[must_use]
pub fn next_attempt(
    tries: u32,
    now: Timestamp,
    result: &SendResult,
    chance: u8,
) -> Option<Timestamp> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    let pause = Duration::from_secs(*PAUSES.get(place)?);
    let moved = pause.mul_f64(0.9 + f64::from(chance) / 255.0 * 0.2);
    let asked = match result {
        Ok(reply) if matches!(reply.status, 429 | 503) => reply.retry_after,
        _ => None,
    };
    let asked = asked.unwrap_or_default().min(LONGEST);
    Some(now.plus(moved.max(asked)))
}

impl WebhookHealth {
    /// How a webhook is after an attempt, and why it is disabled by it, if it is.
    #[must_use]
    pub fn after(self, result: &SendResult, now: Timestamp) -> (Self, Option<DisabledReason>) {
        if result.as_ref().is_ok_and(Reply::is_success) {
            let recovered = Self {
                last_success_at: Some(now),
                ..Self::default()
            };
            return (recovered, None);
        }
        let failures = self.failures.saturating_add(1);
        let failing_since = self.failing_since.unwrap_or(now);
        let is_gone = result.as_ref().is_ok_and(|reply| reply.status == GONE);
        let is_hopeless =
            failures >= HOPELESS_FAILURES && now.since(failing_since) >= HOPELESS_AFTER;
        let health = Self {
            failures,
            failing_since: Some(failing_since),
            paused_until: (failures >= PATIENCE).then(|| now.plus(PAUSE)),
            ..self
        };
        let reason = match (is_gone, is_hopeless) {
            (true, _) => Some(DisabledReason::Gone),
            (false, true) => Some(DisabledReason::Failing),
            (false, false) => None,
        };
        (health, reason)
    }
}
