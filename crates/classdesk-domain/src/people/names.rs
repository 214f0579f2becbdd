//! The names by which people sign in.

use unicode_normalization::UnicodeNormalization;

use crate::from_text::from_text;
use crate::text::{is_invisible, text_type};
use crate::validation::FieldError;

text_type! {
    /// A username: 3 to 64 characters of `a-z 0-9 . _ -`, case-folded.
    Username
}

from_text!(Username);

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
    /// An email address, in NFC and case-folded, at most 254 characters (RFC 5321).
    ///
    /// Only the shape is checked: one `@`, something before it, a domain after it, and no
    /// character that can't be seen. Whether mail arrives there can't be known from the text.
    Email
}

from_text!(Email);

impl Email {
    /// The greatest number of characters.
    pub const MAX: usize = 254;
    /// The greatest number of bytes before the `@`.
    const MAX_LOCAL: usize = 64;

    /// Folds and checks what a user wrote.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let folded = folded(raw);
        if folded.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        if folded.is_empty() {
            return Err(FieldError::Blank);
        }
        if folded.chars().count() > Self::MAX {
            return Err(FieldError::TooLong { max: Self::MAX });
        }
        let shape = folded.rsplit_once('@').is_some_and(|(local, domain)| {
            is_local_part(local)
                && !domain.is_empty()
                && !domain.starts_with(['.', '-'])
                && !domain.ends_with(['.', '-'])
                && !domain.contains("..")
                && !domain.contains(is_special)
        });
        if shape && !folded.contains(is_invisible) {
            Ok(Self(folded))
        } else {
            Err(FieldError::Email)
        }
    }
}

/// Puts a name into NFC and lower case: two that look the same are one.
fn folded(raw: &str) -> String {
    let composed: String = raw.trim().nfc().collect();
    composed.to_lowercase().nfc().collect()
}

/// Whether an address may have this before its `@`. In quotes it may be anything but a quote,
/// unless a backslash is before that (RFC 5321 section 4.1.2).
fn is_local_part(local: &str) -> bool {
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let fits = match quoted {
        None => !local.is_empty() && !local.contains(is_special),
        Some(quoted) => {
            let unescaped = quoted.replace("\\\\", "").replace("\\\"", "");
            !quoted.is_empty() && !unescaped.contains(['"', '\\'])
        }
    };
    fits && local.len() <= Email::MAX_LOCAL
}

/// The characters that separate addresses and parts of them (`specials`, RFC 5322 section 3.2.3).
const fn is_special(c: char) -> bool {
    matches!(
        c,
        '<' | '>' | '(' | ')' | '[' | ']' | ':' | ';' | ',' | '\\' | '"' | '@'
    )
}

/// What is typed to sign in: a username or an email address. Anything at all is accepted
/// here, since a name that can't exist has to be answered like one that does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

impl LoginName {
    /// Folds what was typed.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let typed = folded(&raw.replace('\0', ""));
        Self(typed.chars().take(Email::MAX).collect())
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
