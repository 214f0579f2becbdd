//! Which tokens are trusted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;

/// Which tokens are trusted.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// What `iss` has to be.
    pub issuer: String,
    /// What `aud` has to be, or to contain.
    pub audience: String,
    /// Which claims say who a person is.
    pub claims: ClaimNames,
    /// What they are signed with.
    pub keys: KeySource,
}

/// The names of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Of the email address.
    pub email: String,
    /// Of the name for others.
    pub name: String,
    /// Of the role.
    pub role: String,
}

impl Default for ClaimNames {
    /// Those of OpenID Connect, and `role`.
    fn default() -> Self {
        Self {
            email: "email".to_owned(),
            name: "name".to_owned(),
            role: "role".to_owned(),
        }
    }
}

/// What tokens are signed with.
#[derive(Clone)]
pub enum KeySource {
    /// Keys that the issuer publishes.
    Url {
        /// Where.
        url: KeySetUrl,
        /// How long asking for them may take.
        timeout: Duration,
    },
    /// One public key in PEM: RSA, P-256 or Ed25519.
    PublicKey(Vec<u8>),
    /// A secret that the issuer has too, of at least 32 bytes.
    Secret(Vec<u8>),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url { .. } => "Url(…)",
            Self::PublicKey(_) => "PublicKey(…)",
            Self::Secret(_) => "Secret(…)",
        })
    }
}

/// Where an issuer publishes its keys: by https, or by http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySetUrl(Url);

/// Not an address of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an https URL without user and fragment, or an http URL of this machine")]
pub struct InvalidUrl;

impl FromStr for KeySetUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(|_| InvalidUrl)?;
        let is_protected = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !is_protected || has_user || url.fragment().is_some() {
            return Err(InvalidUrl);
        }
        Ok(Self(url))
    }
}

impl KeySetUrl {
    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The settings do not make a verifier.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The file has no public key that tokens are signed with.
    #[error("expected a public key in PEM: RSA, P-256 or Ed25519")]
    PublicKey,
    /// The secret is too short.
    #[error("expected a secret of at least 32 bytes")]
    Secret,
    /// There is no HTTP client.
    #[error("the HTTP client for keys can't be made")]
    Client(#[source] reqwest::Error),
}
