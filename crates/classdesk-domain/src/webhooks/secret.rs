//! What a webhook's requests are signed with, and how (Standard Webhooks, version 1).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::Timestamp;

/// The beginning of a secret that is written as text.
const PREFIX: &str = "whsec_";

/// The key that a webhook's requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// A secret of these unguessable bytes, or one that a store kept.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for storing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret as its receiver needs it: `whsec_` and base64.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// Signs a request: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The secrets of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecrets {
    /// The present one.
    pub current: WebhookSecret,
    /// The one before, and until when requests are signed with it too.
    pub old: Option<(WebhookSecret, Timestamp)>,
}

impl WebhookSecrets {
    /// Until when the secret before is valid, if it still is.
    #[must_use]
    pub fn old_valid_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.old.as_ref().map(|(_, until)| *until);
        until.filter(|until| *until > now)
    }

    /// Signs a request with every secret that is valid now.
    #[must_use]
    pub fn sign(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let seconds = now.micros().div_euclid(1_000_000);
        let old = self.old.as_ref().filter(|(_, until)| *until > now);
        let valid = [Some(&self.current), old.map(|(secret, _)| secret)];
        let signatures: Vec<_> = (valid.into_iter().flatten())
            .map(|secret| secret.sign(id, seconds, body))
            .collect();
        signatures.join(" ")
    }
}
