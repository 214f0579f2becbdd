//! The domain's [`TokenVerifier`](classdesk_domain::people::TokenVerifier): JSON Web Tokens of one
//! issuer for one audience, by way of `jsonwebtoken`.
//!
//! - A token names no key and no address that is believed. Its `kid` only chooses among the keys of the
//!   settings, and each key has algorithms of its own kind alone.
//! - `iss`, `aud`, `exp` and `sub` have to be there. Clocks may differ by [`LEEWAY`].
//! - Keys that are published at an address are fetched when a token first needs them, and kept. They
//!   are looked for anew when an unknown one is named, at most once a minute and by one request for
//!   all. While the address does not answer, known keys go on to serve.
//!
//! ```
//! use std::sync::Arc;
//! use classdesk_domain::people::{TokenError, TokenRefusal, TokenVerifier};
//! use classdesk_domain::system::SystemClock;
//! use classdesk_identity::{ClaimNames, JwtSettings, JwtVerifier, KeySource};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = JwtSettings {
//!     issuer: "https://id.example".to_owned(),
//!     audience: "classdesk".to_owned(),
//!     claims: ClaimNames::default(),
//!     keys: KeySource::Secret(vec![7; 32]),
//! };
//! let verifier = JwtVerifier::new(settings, Arc::new(SystemClock))?;
//! let answer = verifier.verify("not.a.token").await;
//! assert_eq!(answer, Err(TokenError::Refused(TokenRefusal::Malformed)));
//! # Ok(())
//! # }
//! ```

mod fetch;
mod key;
mod key_set;
mod settings;
mod signatures;
mod verifier;

pub use settings::{BuildError, ClaimNames, InvalidUrl, JwtSettings, KeySetUrl, KeySource};
pub use verifier::{JwtVerifier, LEEWAY, LONGEST_TOKEN};
