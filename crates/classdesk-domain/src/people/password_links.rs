//! Links by which people give themselves a password: invitations.

use std::time::Duration;

use crate::clock::Timestamp;

use super::model::User;
use super::sessions::TokenHash;

/// For how long an invitation is good.
pub const INVITATION_TTL: Duration = Duration::from_secs(72 * 60 * 60);

/// A link as it is kept. A person has one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPasswordLink {
    /// What is kept of its token.
    pub token: TokenHash,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A link with its person, as one look-up by token yields it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    /// Whose password it sets.
    pub user: User,
    /// When it ends.
    pub expires_at: Timestamp,
}
