//! The ids that another system keeps of its people and things.

use crate::from_text::from_text;
use crate::text::{is_invisible, text_type};
use crate::validation::FieldError;

text_type! {
    /// The id by which another system knows a person, a bundle or a subject: 1 to 255 printable
    /// characters without blanks, kept as they are.
    ExternalId
}

from_text!(ExternalId);

impl ExternalId {
    /// The greatest number of characters.
    pub const MAX: usize = 255;

    /// Checks an id.
    ///
    /// # Errors
    /// A [`FieldError`] when it is empty, too long or has another character.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
        if raw.chars().count() > Self::MAX {
            Err(FieldError::TooLong { max: Self::MAX })
        } else if raw.is_empty() || raw.contains(refused) {
            Err(FieldError::ExternalId)
        } else {
            Ok(Self(raw.to_owned()))
        }
    }
}
