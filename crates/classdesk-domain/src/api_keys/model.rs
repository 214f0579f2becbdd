//! A key, and what is shown to come in with it.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::ApiKeyId;
use crate::people::access::Access;
use crate::people::model::UserRef;
use crate::people::sessions::{AccessToken, TokenHash};
use crate::text::KeyName;

/// How many keys a person has at most. Those that ended are not counted.
pub const MAX_KEYS: usize = 50;

/// How much time may pass before a use is noted, so that reading does not mean writing.
pub const TOUCH_AFTER: Duration = Duration::from_secs(60);

/// A key of a person. It never has more rights than they have when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub owner: UserRef,
    /// What it is for.
    pub name: KeyName,
    /// What it is good for.
    pub access: Access,
    /// Whether it may act for those whom its owner manages.
    pub act_as: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to within [`TOUCH_AFTER`].
    pub last_used_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it has not ended by itself.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether its use is worth noting.
    #[must_use]
    pub fn wants_touch(&self, now: Timestamp) -> bool {
        self.last_used_at
            .is_none_or(|last| now.since(last) >= TOUCH_AFTER)
    }
}

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// What it is for.
    pub name: KeyName,
    /// What it is good for.
    pub access: Access,
    /// Whether it may act for those whom its owner manages.
    pub act_as: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// What a program shows: `cdk_` and 43 characters for 256 random bits. The fixed shape is for those
/// who search code for secrets. Only its hash is ever stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyToken(AccessToken);

impl KeyToken {
    const PREFIX: &str = "cdk_";

    /// A token of random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(AccessToken::from_bytes(bytes))
    }

    /// Reads a token from its text; `None` when it can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        AccessToken::parse(text.strip_prefix(Self::PREFIX)?).map(Self)
    }

    /// The token's text, to be shown once to its owner.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}{}", Self::PREFIX, self.0.expose())
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }
}
