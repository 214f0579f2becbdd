//! Text that is bounded before it is stored: trimmed, free of NUL, and counted in characters
//! (Unicode scalar values).

use crate::validation::FieldError;

/// Trims `raw` and holds it to `min..=max` characters.
fn bounded(raw: &str, min: usize, max: usize) -> Result<String, FieldError> {
    if raw.contains('\0') {
        return Err(FieldError::NulCharacter);
    }
    let trimmed = raw.trim();
    // Counting stops where the verdict is clear, however long the text.
    let length = trimmed.chars().take(max + 1).count();
    if length == 0 && min > 0 {
        Err(FieldError::Blank)
    } else if length < min {
        Err(FieldError::TooShort { min })
    } else if length > max {
        Err(FieldError::TooLong { max })
    } else {
        Ok(trimmed.to_owned())
    }
}

/// A text of a certain form, which is checked where it comes in.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes back what a store kept, without checking it anew.
            #[must_use]
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_type;

macro_rules! bounded_texts {
    ($($(#[$doc:meta])* $name:ident($min:literal..=$max:literal);)*) => {$(
        text_type! { $(#[$doc])* $name }

        impl $name {
            /// The least number of characters, after trimming.
            pub const MIN: usize = $min;
            /// The greatest number of characters, after trimming.
            pub const MAX: usize = $max;

            /// Trims and checks what a user wrote.
            ///
            /// # Errors
            /// A [`FieldError`] that says what is wrong with it.
            pub fn parse(raw: &str) -> Result<Self, FieldError> {
                bounded(raw, $min, $max).map(Self)
            }

            /// The text itself, given away.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }
    )*};
}

bounded_texts! {
    /// The title of a bundle or a ticket, and the label of a registered subject.
    Title(1..=255);
    /// The subject line of a thread.
    SubjectLine(1..=255);
    /// What a message says. It has at least one character, except beside an attachment.
    MessageText(1..=10000);
    /// A longer description; it may be empty.
    Description(0..=20000);
    /// The level of a bundle, in the staff's own words.
    Level(0..=50);
    /// The name by which people see each other.
    DisplayName(0..=255);
    /// What a list is searched for.
    SearchText(1..=255);
}

impl MessageText {
    /// The empty text of a message that only carries a file, or that was deleted.
    #[must_use]
    pub fn empty() -> Self {
        Self(String::new())
    }

    /// Checks the text of a message that may turn out to carry a file, and so may be empty. The
    /// service that sends or edits it refuses an empty text where there is no file.
    ///
    /// # Errors
    /// A [`FieldError`] that says what is wrong with it.
    pub fn parse_maybe_empty(raw: &str) -> Result<Self, FieldError> {
        bounded(raw, 0, Self::MAX).map(Self)
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Description {
    /// No description.
    #[must_use]
    pub fn empty() -> Self {
        Self(String::new())
    }
}

impl Level {
    /// No level.
    #[must_use]
    pub fn empty() -> Self {
        Self(String::new())
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::empty()
    }
}

impl Default for Description {
    fn default() -> Self {
        Self::empty()
    }
}

impl SubjectLine {
    /// A line made by the program, cut to the greatest length on a character boundary.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        Self(
            text.trim()
                .chars()
                .take(Self::MAX)
                .collect::<String>()
                .trim_end()
                .to_owned(),
        )
    }
}
