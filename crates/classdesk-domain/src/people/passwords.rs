//! Passwords: what one must be, and how it is kept.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use async_trait::async_trait;

use crate::error::FieldError;
use crate::store::Cause;

use super::model::Username;

/// The 3,000 most used passwords of twelve or more characters and some more, in small letters. Where
/// they are from and their licence stand beside the file.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A password that somebody chose: 12 to 128 characters, none of the common ones.
///
/// It is not trimmed: a password is what was typed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    /// The least number of characters.
    pub const MIN: usize = 12;
    /// The greatest number of characters.
    pub const MAX: usize = 128;

    /// Checks a chosen password by itself.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        if raw.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        let length = raw.chars().take(Self::MAX + 1).count();
        if length < Self::MIN {
            return Err(FieldError::TooShort { min: Self::MIN });
        }
        if length > Self::MAX {
            return Err(FieldError::TooLong { max: Self::MAX });
        }
        let folded = raw.to_lowercase();
        if COMMON.contains(folded.as_str()) {
            return Err(FieldError::rule(
                "common_password",
                "This password is too common.",
            ));
        }
        Ok(Self(raw.to_owned()))
    }

    /// Checks that it does not contain the username.
    ///
    /// # Errors
    /// A [`FieldError`] when it does.
    pub fn fits(&self, username: &Username) -> Result<(), FieldError> {
        if self.0.to_lowercase().contains(username.as_str()) {
            Err(FieldError::rule(
                "password_contains_username",
                "The password must not contain the username.",
            ))
        } else {
            Ok(())
        }
    }

    /// The password itself, for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// A password hash as the hasher wrote it (a PHC string).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps what a hasher wrote or a store kept.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The string, for storing and verifying.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
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
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a fresh salt. It MUST NOT block an async thread.
    async fn hash(&self, password: String) -> Result<PasswordHash, PasswordHashError>;

    /// Whether whoever comes now would be told [`PasswordHashError::Busy`], so that nothing has to be
    /// looked up for them. It keeps no place for anybody. A hasher that can't tell says no; one around
    /// another passes its answer on.
    fn is_busy(&self) -> bool {
        false
    }

    /// Checks a password. With no hash it MUST take as long as with one, and answer
    /// [`Verification::Wrong`], so that an unknown name can't be told from a wrong password.
    async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_ones_are_the_3000_most_used_and_more() {
        assert!(COMMON.len() > 3_000);
        for common in COMMON.iter() {
            for typed in [(*common).to_owned(), common.to_uppercase()] {
                let refused = NewPassword::parse(&typed).expect_err(common);
                assert_eq!(refused.code(), "common_password", "{common}");
            }
        }
    }
}
