//! Text that is made regular and bounded before it is stored (docs/contract.md#text).

mod characters;

use unicode_normalization::UnicodeNormalization;

use crate::from_text::from_text;
use crate::validation::FieldError;

pub use characters::{BIDI_OVERRIDES, Characters, INVISIBLE};
pub(crate) use characters::{is_blank, is_invisible, is_one_of};

use characters::is_line_break;

/// How many lines a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// One line without control characters. It loses what turns the direction of writing.
    One,
    /// Any number of lines, with tabs and without other control characters.
    Many,
}

impl Lines {
    /// Whether a text refuses this character, unless it is trimmed away.
    #[must_use]
    pub fn refuse(self, c: char) -> bool {
        match self {
            Self::One => c.is_control() || is_line_break(c),
            Self::Many => c.is_control() && c != '\t' && !is_line_break(c),
        }
    }

    /// Whether a text loses this character.
    #[must_use]
    pub fn drop(self, c: char) -> bool {
        self == Self::One && is_one_of(BIDI_OVERRIDES, c)
    }

    /// Puts a text into NFC with LF for every line break, and takes out what it loses. Then it is
    /// trimmed and checked.
    fn clean(self, raw: &str) -> Result<String, FieldError> {
        let lines = raw.replace("\r\n", "\n");
        let kept = lines.chars().filter(|c| !self.drop(*c));
        let text: String = kept
            .map(|c| if is_line_break(c) { '\n' } else { c })
            .nfc()
            .collect();
        let text = text.trim();
        match text.chars().find(|c| self.refuse(*c)) {
            None => Ok(text.to_owned()),
            Some('\0') => Err(FieldError::NulCharacter),
            Some('\n') => Err(FieldError::LineBreak),
            Some(_) => Err(FieldError::ControlCharacter),
        }
    }
}

/// Cleans `raw` and holds it to `min..=max` characters (Unicode scalar values), where `min` is 0 or
/// 1. A blank text, of which nothing can be seen, is an empty one.
pub(crate) fn bounded(
    raw: &str,
    lines: Lines,
    min: usize,
    max: usize,
) -> Result<String, FieldError> {
    let text = lines.clean(raw)?;
    if is_blank(&text) {
        return match min {
            0 => Ok(String::new()),
            _ => Err(FieldError::Blank),
        };
    }
    if text.chars().count() > max {
        return Err(FieldError::TooLong { max });
    }
    Ok(text)
}

/// A text that is stored already, as one line: older versions of the program were less strict.
pub(crate) fn as_one_line(stored: &str) -> String {
    let kept = stored.chars().filter(|c| !Lines::One.drop(*c));
    kept.map(|c| if Lines::One.refuse(c) { ' ' } else { c })
        .collect()
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
    ($($(#[$doc:meta])* $name:ident($lines:ident, $min:literal..=$max:literal);)*) => {$(
        text_type! { $(#[$doc])* $name }
        from_text!($name);

        impl $name {
            /// How many lines it may have.
            pub const LINES: Lines = Lines::$lines;
            /// The least number of characters, after trimming.
            pub const MIN: usize = $min;
            /// The greatest number of characters, after trimming.
            pub const MAX: usize = $max;

            /// Cleans and checks what a user wrote.
            ///
            /// # Errors
            /// A [`FieldError`] that says what is wrong with it.
            pub fn parse(raw: &str) -> Result<Self, FieldError> {
                bounded(raw, Lines::$lines, $min, $max).map(Self)
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
    Title(One, 1..=255);
    /// The subject line of a thread.
    SubjectLine(One, 1..=255);
    /// What a message says. It has at least one character, except beside an attachment.
    MessageText(Many, 1..=10000);
    /// A longer description; it may be empty.
    Description(Many, 0..=20000);
    /// The level of a bundle, in the staff's own words.
    Level(One, 0..=50);
    /// What a key of a program is for, in the words of who made it.
    KeyName(One, 1..=255);
    /// The name by which people see each other. An empty one stands for the username.
    DisplayName(One, 0..=255);
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
        bounded(raw, Self::LINES, 0, Self::MAX).map(Self)
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Texts that may be empty, and are unless somebody wrote one.
macro_rules! may_be_empty {
    ($($name:ident),+) => {$(
        impl $name {
            /// No text.
            #[must_use]
            pub const fn empty() -> Self {
                Self(String::new())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::empty()
            }
        }
    )+};
}

may_be_empty!(Description, DisplayName, Level);

impl DisplayName {
    /// This name, or the username where it is empty.
    #[must_use]
    pub fn or_username(self, username: &str) -> Self {
        if self.0.is_empty() {
            Self(username.to_owned())
        } else {
            self
        }
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
