//! The port that hashes passwords.

use async_trait::async_trait;

use crate::store::error::Cause;

use super::passwords::PasswordHash;

/// What a check of a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It is the right one.
    Right {
        /// The hash was made with other parameters than the present ones and should be made anew.
        outdated: bool,
    },
    /// It is not.
    Wrong,
}

/// A password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordHashError {
    /// Too many are waiting.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The hash or the parameters are no good.
    #[error("hashing failed")]
    Failed(#[source] Cause),
}

/// Hashing passwords slowly.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a fresh salt. It MUST NOT block an async thread.
    async fn hash(&self, password: String) -> Result<PasswordHash, PasswordHashError>;

    /// Whether a request would fail with [`PasswordHashError::Busy`] now, so that nothing has to be
    /// looked up for it. It reserves nothing. A hasher that does not know answers no; a wrapper
    /// passes the answer on.
    fn is_busy(&self) -> bool {
        false
    }

    /// Checks a password. With no hash it MUST take as long as with one, and answer
    /// [`Verification::Wrong`], so that an unknown name and a wrong password look alike.
    async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError>;
}
