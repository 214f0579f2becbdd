//! Passwords: what one must be.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use crate::from_text::from_text;
use crate::validation::FieldError;

use super::names::Username;

/// The 3,000 most used passwords of twelve or more characters and some more, in small letters. Where
/// they are from and their licence stand beside the file.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A chosen password: 12 to 128 characters, none of the common ones.
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
            return Err(FieldError::CommonPassword);
        }
        Ok(Self(raw.to_owned()))
    }

    /// Checks that it does not contain the username.
    ///
    /// # Errors
    /// A [`FieldError`] when it does.
    pub fn fits(&self, username: &Username) -> Result<(), FieldError> {
        if self.0.to_lowercase().contains(username.as_str()) {
            Err(FieldError::PasswordContainsUsername)
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

from_text!(NewPassword);

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
