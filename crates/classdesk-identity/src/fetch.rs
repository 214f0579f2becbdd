//! Asking an issuer for its keys.

use std::sync::Once;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use reqwest::header::ACCEPT;
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::Value;

use crate::key::Key;
use crate::settings::BuildError;

/// So many bytes an answer may have, and so many keys.
const LONGEST: usize = 256 * 1024;
const MOST_KEYS: usize = 100;

const USER_AGENT: &str = concat!("Classdesk/", env!("CARGO_PKG_VERSION"));

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer is no set of keys")]
    NotASet(#[from] serde_json::Error),
    #[error("the answer has no key that is of use here")]
    NoKeys,
}

/// A client that goes where it is told and nowhere else.
///
/// # Errors
/// [`BuildError::Client`].
pub(crate) fn client(timeout: Duration) -> Result<Client, BuildError> {
    install_crypto_provider();
    let client = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .build();
    client.map_err(BuildError::Client)
}

/// The keys that are published at an address. Those that can't be used here are left out.
///
/// # Errors
/// There is no good answer, or no key in it.
pub(crate) async fn fetch(client: &Client, url: Url) -> Result<Vec<Key>, FetchError> {
    let request = client.get(url).header(ACCEPT, "application/json");
    let mut response = request.send().await?;
    // A redirection is an answer without keys.
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let set: Value = serde_json::from_slice(&body)?;
    let published = set["keys"].as_array().into_iter().flatten();
    let keys: Vec<Key> = published
        .take(MOST_KEYS)
        .filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok())
        .filter_map(|key| Key::from_jwk(&key))
        .collect();
    if keys.is_empty() {
        return Err(FetchError::NoKeys);
    }
    Ok(keys)
}

/// TLS takes its cryptography from ring, unless the program has chosen already.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only when another thread was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}
