//! Sessions, and how signing in slows down.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ids::{SessionId, UserId};

use super::model::User;
use super::passwords::PasswordHash;
use super::throttling::LoginAttempt;

/// What a client shows to act: 256 random bits, opaque. Only its hash is ever stored.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken([u8; 32]);

impl AccessToken {
    /// A token of random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a token from its text; `None` when it can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The token's text, to be shown once to its owner.
    #[must_use]
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// The SHA-256 of an [`AccessToken`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Takes back what a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// From sign-in to the end, whatever happens.
    pub lifetime: Duration,
    /// Without use.
    pub idle: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(14 * 24 * 60 * 60),
            idle: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl SessionLimits {
    /// How much time may pass before a use is noted: a hundredth of the idle time and at most a
    /// minute, so that reading does not mean writing.
    #[must_use]
    pub fn touch_after(&self) -> Duration {
        (self.idle / 100).min(Duration::from_secs(60))
    }
}

/// A session of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to within [`SessionLimits::touch_after`].
    pub last_used_at: Timestamp,
    /// Its absolute end.
    pub expires_at: Timestamp,
    /// The address it came from.
    pub address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Session {
    /// Whether it still holds: neither past its end nor idle for too long.
    #[must_use]
    pub fn holds(&self, now: Timestamp, limits: &SessionLimits) -> bool {
        now < self.expires_at && now < self.last_used_at.plus(limits.idle)
    }

    /// Whether its use is worth noting.
    #[must_use]
    pub fn wants_touch(&self, now: Timestamp, limits: &SessionLimits) -> bool {
        now.since(self.last_used_at) >= limits.touch_after()
    }
}

/// A session with its person, as one look-up by token yields it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWithUser {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// A session to be started, together with what signing in changes about the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// What is kept of its token.
    pub token: TokenHash,
    /// When they signed in; it becomes the person's `last_login_at`.
    pub created_at: Timestamp,
    /// Its absolute end.
    pub expires_at: Timestamp,
    /// The address it came from.
    pub address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The hash made anew with the present parameters, if the old one was outdated.
    pub upgraded_hash: Option<PasswordHash>,
    /// The hash that was checked. The store MUST answer `Stale` when it is no longer the
    /// person's, since a password that was changed meanwhile must not start a session.
    pub verified_hash: PasswordHash,
    /// The attempt that succeeds with it.
    pub attempt: LoginAttempt,
}

/// Which sessions of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichSessions {
    /// This one.
    One(SessionId),
    /// All.
    All,
    /// All but this one.
    AllBut(SessionId),
}

/// Sessions to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub which: WhichSessions,
}
