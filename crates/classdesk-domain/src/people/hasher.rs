//! The port that hashes passwords.

use async_trait::async_trait;

use crate::client_network::ClientNetwork;
use crate::ids::UserId;
use crate::store::error::Cause;

use super::passwords::PasswordHash;
use super::throttling::LoginKey;

/// For whom a password is hashed, so that no requester takes all of a hasher's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashRequester {
    /// A sign-in with this name from this network.
    SignIn {
        /// The name, whether or not there is such an account.
        name: LoginKey,
        /// The network.
        network: ClientNetwork,
    },
    /// A person who has signed in.
    Person(UserId),
    /// The program's command line.
    Operator,
}

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
///
/// A hasher SHOULD serve one request at a time for each name, network and person, and SHOULD keep a
/// part of its line for sign-ins.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a fresh salt. It MUST NOT block an async thread.
    async fn hash(
        &self,
        requester: HashRequester,
        password: String,
    ) -> Result<PasswordHash, PasswordHashError>;

    /// Whether a request would fail with [`PasswordHashError::Busy`] now, so that nothing has to be
    /// looked up for it. It reserves nothing. A hasher that does not know answers no; a wrapper
    /// passes the answer on.
    fn is_busy(&self, requester: HashRequester) -> bool {
        let _ = requester;
        false
    }

    /// Checks a password. It MUST take as long as [`hash`](Self::hash), with a hash of a lower cost
    /// and with none, which answers [`Verification::Wrong`]: all failures look alike.
    async fn verify(
        &self,
        requester: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError>;
}
