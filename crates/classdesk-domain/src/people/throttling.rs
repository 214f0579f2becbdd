//! How failed sign-ins slow the next ones down (docs/contract.md#login).

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::client_network::ClientNetwork;
use crate::clock::Timestamp;
use crate::ids::UserId;

use super::model::User;
use super::names::LoginName;

/// For how long an account knows the network of a sign-in.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What failed sign-ins are counted under. It is a SHA-256, since people type passwords in the place
/// of names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginKey([u8; 32]);

impl LoginKey {
    /// The key of a name. The two names of a person have one each: a common count would tell that
    /// there is somebody who has both.
    #[must_use]
    pub fn of(name: &LoginName) -> Self {
        Self(Sha256::digest(name.as_str()).into())
    }

    /// The key of a name as it is typed in a network that the account knows.
    fn within(self, network: ClientNetwork) -> Self {
        let mut digest = Sha256::new_with_prefix(self.0);
        digest.update(network.to_string());
        Self(digest.finalize().into())
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginKey(…)")
    }
}

impl User {
    /// What failed sign-ins with either name of this person are counted under.
    pub(super) fn login_keys(&self) -> Vec<LoginKey> {
        let names = [self.username.as_str(), self.email.as_str()];
        names.map(|name| LoginKey::of(&LoginName::new(name))).into()
    }
}

/// How many failures are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLimits {
    /// Failures with one name within the window. A person has two names.
    pub per_name: u32,
    /// Failures from one network within the window.
    pub per_network: u32,
    /// The window.
    pub window: Duration,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self {
            per_name: 5,
            per_network: 20,
            window: Duration::from_secs(15 * 60),
        }
    }
}

impl LoginLimits {
    /// When the next attempt may be made, from the times of the failures so far (in any order):
    /// `None` means at once.
    ///
    /// An attempt is refused while the window before it holds as many failures as the limit; it
    /// opens again when the oldest of those has left the window.
    #[must_use]
    pub fn opens_at(
        &self,
        now: Timestamp,
        name: &[Timestamp],
        network: &[Timestamp],
    ) -> Option<Timestamp> {
        let one = |failures: &[Timestamp], limit: u32| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
            let mut recent: Vec<_> = failures
                .iter()
                .copied()
                .filter(|at| at.plus(self.window) > now)
                .collect();
            recent.sort_unstable();
            let blocking = recent.len().checked_sub(limit)?;
            Some(recent[blocking].plus(self.window))
        };
        one(name, self.per_name).max(one(network, self.per_network))
    }
}

/// An attempt to sign in, or to confirm the present password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The name that was typed.
    pub name: LoginKey,
    /// The account with that name, if there is one.
    pub user: Option<UserId>,
    /// Where it comes from.
    pub network: ClientNetwork,
    /// When.
    pub at: Timestamp,
    /// The limits in force.
    pub limits: LoginLimits,
}

impl LoginAttempt {
    /// What its failure counts under. A network that the account knows has a count of its own, so
    /// that failures from elsewhere keep nobody out there.
    #[must_use]
    pub fn counts_under(&self, knows_network: bool) -> LoginKey {
        if knows_network {
            self.name.within(self.network)
        } else {
            self.name
        }
    }

    /// The account knows the network if it has signed in from there at this time or later.
    #[must_use]
    pub fn known_since(&self) -> Timestamp {
        self.at.minus(KNOWN_FOR)
    }
}

/// Whether a password may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginThrottle {
    /// Yes.
    Open,
    /// No, not before this.
    Throttled {
        /// When the next attempt may be made.
        until: Timestamp,
    },
}
