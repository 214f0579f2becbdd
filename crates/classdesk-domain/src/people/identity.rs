//! Whom a token of another system names.

use async_trait::async_trait;

use crate::clock::Timestamp;

/// What a verified token says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their id in the system that made the token.
    pub subject: String,
    /// Their email address, if the token has one.
    pub email: Option<String>,
    /// Their name for others, if the token has one.
    pub name: Option<String>,
    /// Their role, if the token has one.
    pub role: Option<String>,
    /// When the token no longer holds, leeway included.
    pub expires_at: Timestamp,
}

/// Why a token is refused. None of this is for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// It is longer than tokens are.
    #[error("it is too long")]
    TooLong,
    /// It can't be read, or wants something of its reader that is not known here.
    #[error("it is malformed")]
    Malformed,
    /// It says that it is for something else than access.
    #[error("its type is not for access")]
    Type,
    /// Its algorithm is not one of the key that it names.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// Nobody knows the key that it names, or it names none of several.
    #[error("its key is unknown")]
    UnknownKey,
    /// Its signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// It comes from somebody else.
    #[error("its issuer is another")]
    Issuer,
    /// It is meant for others.
    #[error("its audience is another")]
    Audience,
    /// It held once.
    #[error("it has expired")]
    Expired,
    /// It will hold later.
    #[error("it is not valid yet")]
    NotYetValid,
    /// A claim is missing, or not what it has to be.
    #[error("its claim `{0}` is missing or malformed")]
    Claim(String),
    /// It names nobody who is known.
    #[error("it names nobody")]
    Nobody,
    /// It names somebody who was deactivated.
    #[error("it names somebody who was deactivated")]
    Inactive,
    /// Its role is none that tokens may give.
    #[error("its role is none that tokens may give")]
    Role,
    /// What it says of the person can't be so here.
    #[error("what it says of the person can't be: {0}")]
    NotFollowed(String),
}

/// Why a token is not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is no good.
    #[error("the token is refused: {0}")]
    Refused(#[from] TokenRefusal),
    /// The key that it names may exist, but can't be asked for just now.
    #[error("the key of the token can't be asked for")]
    Unavailable,
}

/// Verifies tokens of another system.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// What a token says. It MUST come from the one system that is trusted, be meant for this one, and
    /// hold now.
    async fn verify(&self, token: &str) -> Result<Identity, TokenError>;
}
