//! Request ids: taken from the client or a proxy when they are sane, made otherwise.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderMap;

/// Makes request ids that are unique across restarts and replicas.
pub(crate) struct RequestIds {
    process: u64,
    made: AtomicU64,
}

impl RequestIds {
    /// A source of ids. It begins at a random place, so that no two sources meet.
    pub(crate) fn new() -> Self {
        Self {
            process: RandomState::new().build_hasher().finish(),
            made: AtomicU64::new(0),
        }
    }

    /// The `X-Request-Id` that came, if it has 1 to 128 of `A-Z a-z 0-9 . _ -`; else a new id.
    /// With any other character it could look like more than an id in a log line.
    pub(crate) fn take_or_make(&self, headers: &HeaderMap) -> String {
        headers
            .get("x-request-id")
            .and_then(|value| value.to_str().ok())
            .filter(|id| (1..=128).contains(&id.len()))
            .filter(|id| id.bytes().all(is_of_id))
            .map_or_else(|| self.make(), ToOwned::to_owned)
    }

    fn make(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{number:016x}", self.process)
    }
}

const fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
