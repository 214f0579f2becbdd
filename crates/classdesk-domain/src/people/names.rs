//! The names by which people sign in.

use crate::text::text_type;
use crate::validation::FieldError;

text_type! {
    /// A username: 3 to 64 characters of `a-z 0-9 . _ -`, case-folded.
    Username
}

impl Username {
    /// The least number of characters.
    pub const MIN: usize = 3;
    /// The greatest number of characters.
    pub const MAX: usize = 64;

    /// Folds and checks what a user wrote.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let folded = raw.trim().to_ascii_lowercase();
        if folded.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        match folded.chars().count() {
            0 => return Err(FieldError::Blank),
            1..Self::MIN => return Err(FieldError::TooShort { min: Self::MIN }),
            Self::MIN..=Self::MAX => {}
            _ => return Err(FieldError::TooLong { max: Self::MAX }),
        }
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
        if folded.chars().all(allowed) {
            Ok(Self(folded))
        } else {
            Err(FieldError::Username)
        }
    }
}

text_type! {
    /// An email address, case-folded, at most 254 characters (RFC 5321).
    ///
    /// Only the shape is checked: one `@`, something before it, a domain after it. Whether mail
    /// arrives there can't be known from the text.
    Email
}

impl Email {
    /// The greatest number of characters.
    pub const MAX: usize = 254;

    /// Folds and checks what a user wrote.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let folded = raw.trim().to_lowercase();
        if folded.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        if folded.is_empty() {
            return Err(FieldError::Blank);
        }
        if folded.chars().count() > Self::MAX {
            return Err(FieldError::TooLong { max: Self::MAX });
        }
        let shape = folded.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= 64
                && !domain.contains('@')
                && !domain.starts_with(['.', '-'])
                && !domain.ends_with(['.', '-'])
                && !domain.contains("..")
                && !domain.is_empty()
        });
        if shape && !folded.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Ok(Self(folded))
        } else {
            Err(FieldError::Email)
        }
    }
}

/// What is typed to sign in: a username or an email address. Anything at all is accepted
/// here, since a name that can't exist has to be answered like one that does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

impl LoginName {
    /// Folds what was typed.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let typed = raw.trim().chars().filter(|c| *c != '\0');
        Self(typed.take(254).collect::<String>().to_lowercase())
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
