//! What is wrong with the fields of a request, and how it is collected.

use std::fmt;

/// Why a field of a request is not valid: a stable code, its parameters, and a sentence for people.
///
/// An adapter whose readers speak another language makes its own sentence of code and parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The field has to be there and is not.
    #[error("This field is required.")]
    Required,
    /// The request has a field that the contract does not know.
    #[error("This field is not known here.")]
    Unknown,
    /// The value has another type than the contract says.
    #[error("Expected {expected}.")]
    WrongType {
        /// The expected type.
        expected: ExpectedType,
    },
    /// The request can't be parsed. Only the adapter that parses it knows the format.
    #[error("{detail}")]
    Malformed {
        /// A stable word for programs, in snake case.
        code: &'static str,
        /// The parser's message.
        detail: String,
    },
    /// Nothing can be seen of it.
    #[error("This must not be blank.")]
    Blank,
    /// Fewer characters than the least number.
    #[error("This must have at least {min} characters.")]
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// More characters than the greatest number.
    #[error("This must have at most {max} characters.")]
    TooLong {
        /// The greatest number of characters.
        max: usize,
    },
    /// More words than a search takes.
    #[error("Search for at most {max} words.")]
    TooManyWords {
        /// The greatest number of words.
        max: usize,
    },
    /// A NUL character, which not every store keeps.
    #[error("This must not contain a NUL character.")]
    NulCharacter,
    /// A line break in a text that is one line.
    #[error("This must be a single line.")]
    LineBreak,
    /// A control character that the text may not have.
    #[error("This must not contain a control character.")]
    ControlCharacter,
    /// A number outside its range.
    #[error("This must be from {min} to {max}.")]
    OutOfRange {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// None of the values that the contract lists.
    #[error("Expected one of: {allowed}.")]
    NotAChoice {
        /// The allowed values, separated by commas.
        allowed: String,
    },
    /// Another record has this unique value.
    #[error("Somebody else has this.")]
    Taken,
    /// Not a username.
    #[error("A username has only a-z, 0-9, '.', '_' and '-'.")]
    Username,
    /// Not an email address.
    #[error("This is not an email address.")]
    Email,
    /// Not the id of another system.
    #[error("An external id has 1 to 255 printable characters and no blanks.")]
    ExternalId,
    /// No time zone of the IANA database.
    #[error("This is no time zone of the IANA database, such as Europe/Berlin.")]
    TimeZone,
    /// One of the most used passwords.
    #[error("This password is too common.")]
    CommonPassword,
    /// The password contains the username.
    #[error("The password must not contain the username.")]
    PasswordContainsUsername,
    /// Not the present password.
    #[error("This is not your present password.")]
    WrongPassword,
    /// Not the kind of a subject.
    #[error("A content type has 1 to 32 characters of a-z, 0-9 and '_', and begins with a letter.")]
    SubjectKind,
    /// Class bundles are subjects without being registered.
    #[error("Class bundles are subjects by themselves.")]
    NativeSubject,
    /// Something that stays as it was at first.
    #[error("This can't be changed.")]
    Unchangeable,
    /// A time that is not after now.
    #[error("This must be in the future.")]
    InThePast,
    /// The end is before the start.
    #[error("The end must not be before the start.")]
    EndBeforeStart,
    /// The person does not exist, is inactive, or is not what the field needs.
    #[error("{0}")]
    NotEligible(Eligibility),
    /// The recipient is the sender.
    #[error("You can't write to yourself.")]
    RecipientIsSender,
    /// The message is not one of the thread.
    #[error("This is no message of the thread.")]
    NotInThread,
    /// A message of the type `file` without a file.
    #[error("A message of type file needs an attachment.")]
    NoAttachment,
    /// A file without bytes.
    #[error("The file is empty.")]
    EmptyFile,
    /// Not a media type.
    #[error("This is not a media type.")]
    MediaType,
    /// Not the address of a webhook: another scheme, or a part that it must not have.
    #[error("Expected an absolute https URL without user and fragment.")]
    WebhookUrl,
    /// A webhook's address with a port that it must not have.
    #[error("The port must be 443, or 1024 and above.")]
    WebhookPort,
    /// A webhook's address that does not lead to the public internet.
    #[error("This does not lead to a public address.")]
    WebhookAddress,
    /// Not a cursor of this list.
    #[error("This is not a cursor of this list.")]
    DamagedCursor,
    /// Not an idempotency key.
    #[error("An idempotency key has 1 to 255 printable ASCII characters.")]
    IdempotencyKey,
}

/// What a value has to be before its own rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpectedType {
    /// A text.
    Text,
    /// A text whose bytes are UTF-8.
    Utf8,
    /// A list of texts.
    Texts,
    /// A whole number of 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// A day of the calendar.
    Date,
    /// An instant.
    Time,
}

impl fmt::Display for ExpectedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a string",
            Self::Utf8 => "text in UTF-8",
            Self::Texts => "a list of strings",
            Self::Integer => "a whole number of 64 bits",
            Self::Boolean => "true or false",
            Self::Date => "a date, YYYY-MM-DD",
            Self::Time => "a time as in RFC 3339",
        })
    }
}

/// What a person has to be where a field names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eligibility {
    /// An active client.
    ActiveClient,
    /// An active writer.
    ActiveWriter,
    /// Active staff.
    ActiveStaff,
    /// Active, with access to the subject.
    SubjectAccess,
    /// Another participant of the thread, active and with access to the subject.
    OtherParticipant,
    /// The client of the subject.
    SubjectClient,
}

impl fmt::Display for Eligibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ActiveClient => "This is not an active client.",
            Self::ActiveWriter => "This is not an active writer.",
            Self::ActiveStaff => "This is not active staff.",
            Self::SubjectAccess => "This is nobody who can see the subject.",
            Self::OtherParticipant => "This is no other participant of the thread.",
            Self::SubjectClient => "This is not the subject's client.",
        })
    }
}

impl FieldError {
    /// A fault of the request's format, in the words of the adapter that parses it.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Malformed {
            code,
            detail: detail.into(),
        }
    }

    /// The stable word for programs (`errors[].code` of a problem document).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Unknown => "unknown_field",
            Self::WrongType { .. } => "wrong_type",
            Self::Malformed { code, .. } => code,
            Self::Blank => "blank",
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::TooManyWords { .. } => "too_many_words",
            Self::NulCharacter => "nul_character",
            Self::LineBreak => "line_break",
            Self::ControlCharacter => "control_character",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotAChoice { .. } => "not_a_choice",
            Self::Taken => "taken",
            Self::Username => "username",
            Self::Email => "email",
            Self::ExternalId => "external_id",
            Self::TimeZone => "time_zone",
            Self::CommonPassword => "common_password",
            Self::PasswordContainsUsername => "password_contains_username",
            Self::WrongPassword => "wrong_password",
            Self::SubjectKind | Self::MediaType => "content_type",
            Self::NativeSubject => "native_subject",
            Self::Unchangeable => "unchangeable",
            Self::InThePast => "in_the_past",
            Self::EndBeforeStart => "end_before_start",
            Self::NotEligible(_) => "not_eligible",
            Self::RecipientIsSender => "recipient_is_sender",
            Self::NotInThread => "not_in_thread",
            Self::NoAttachment => "no_attachment",
            Self::EmptyFile => "empty_file",
            Self::WebhookUrl => "webhook_url",
            Self::WebhookPort => "webhook_port",
            Self::WebhookAddress => "webhook_address",
            Self::DamagedCursor => "damaged_cursor",
            Self::IdempotencyKey => "idempotency_key",
        }
    }
}

/// A fault together with the path of the field that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// The field's path, for example `recipient_id`.
    pub field: String,
    /// What is wrong with it.
    pub fault: FieldError,
}

/// All that is wrong with one request, at least one fault. The first [`Invalid::MAX_ERRORS`] are
/// kept, and the others counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request has {} invalid field(s)", .errors.len() + .omitted)]
pub struct Invalid {
    errors: Vec<InvalidField>,
    omitted: usize,
}

impl Invalid {
    /// How many faults are kept, so that an answer is not larger than its request
    /// (docs/contract.md#errors).
    pub const MAX_ERRORS: usize = 50;

    /// One fault of one field.
    pub fn field(field: impl Into<String>, fault: FieldError) -> Self {
        let mut errors = ErrorCollector::default();
        errors.add(field, fault);
        errors.0
    }

    /// These faults, then those of `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut all = ErrorCollector(self);
        for error in other.errors {
            all.add(error.field, error.fault);
        }
        all.0.omitted += other.omitted;
        all.0
    }

    /// The faults that are kept, in the order in which they were found.
    #[must_use]
    pub fn errors(&self) -> &[InvalidField] {
        &self.errors
    }

    /// How many faults are not kept.
    #[must_use]
    pub const fn omitted(&self) -> usize {
        self.omitted
    }
}

/// Collects the faults of one request, so that all of them are answered at once
/// (docs/contract.md#errors).
///
/// ```
/// use classdesk_domain::validation::ErrorCollector;
/// use classdesk_domain::text::Title;
///
/// let mut faults = ErrorCollector::default();
/// let title = faults.check("title", Title::parse("  "));
/// assert!(title.is_none());
/// assert_eq!(faults.into_invalid().unwrap().errors()[0].field, "title");
/// ```
#[derive(Debug)]
pub struct ErrorCollector(Invalid);

impl Default for ErrorCollector {
    /// Nothing is wrong so far.
    fn default() -> Self {
        Self(Invalid {
            errors: Vec::new(),
            omitted: 0,
        })
    }
}

impl ErrorCollector {
    /// Adds an error.
    pub fn add(&mut self, field: impl Into<String>, fault: FieldError) {
        if self.0.errors.len() < Invalid::MAX_ERRORS {
            self.0.errors.push(InvalidField {
                field: field.into(),
                fault,
            });
        } else {
            self.0.omitted += 1;
        }
    }

    /// Counts errors that were not looked at one by one, beside at least one that was.
    pub const fn omit(&mut self, count: usize) {
        self.0.omitted += count;
    }

    /// Returns a valid value and collects the error of another.
    pub fn check<T>(
        &mut self,
        field: impl Into<String>,
        value: Result<T, FieldError>,
    ) -> Option<T> {
        value.map_err(|fault| self.add(field, fault)).ok()
    }

    /// Whether nothing was wrong so far.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.errors.is_empty()
    }

    /// What was collected, or `None` when nothing is wrong.
    #[must_use]
    pub fn into_invalid(self) -> Option<Invalid> {
        (!self.is_empty()).then_some(self.0)
    }

    /// Ends the collecting: an error when anything was noted.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn into_result(self) -> Result<(), Invalid> {
        self.into_invalid().map_or(Ok(()), Err)
    }
}

/// A request as it came in: either every field is good, or the list of what is not.
///
/// Rights come before bodies (docs/contract.md#requests). For a hidden object a broken body too is
/// answered with "not found", so errors travel past the decision. A host that embeds the domain
/// passes plain values, which become drafts by [`From`].
#[derive(Debug, Clone)]
pub struct Validated<T>(Result<T, Invalid>);

impl<T> Validated<T> {
    /// A request of which every field is good.
    #[must_use]
    pub fn valid(value: T) -> Self {
        Self(Ok(value))
    }

    /// A request with invalid fields.
    #[must_use]
    pub fn invalid(faults: Invalid) -> Self {
        Self(Err(faults))
    }

    /// The same request as a part of another one.
    #[must_use]
    pub fn map<U>(self, whole: impl FnOnce(T) -> U) -> Validated<U> {
        Validated(self.0.map(whole))
    }

    /// The request, if it is good; for decisions that depend on what is asked.
    #[must_use]
    pub fn as_valid(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }

    /// The request; to be called after the permission check.
    ///
    /// # Errors
    /// Every fault of the request.
    pub fn as_result(&self) -> Result<&T, Invalid> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl<T> From<T> for Validated<T> {
    fn from(value: T) -> Self {
        Self::valid(value)
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty(count: usize) -> Invalid {
        let mut faults = ErrorCollector::default();
        for _ in 0..count {
            faults.add("field", FieldError::Unknown);
        }
        faults.into_invalid().unwrap()
    }

    #[test]
    fn fifty_errors_are_kept_and_the_others_counted() {
        let counts = |invalid: Invalid| (invalid.errors().len(), invalid.omitted());
        assert_eq!(counts(faulty(50)), (50, 0));
        assert_eq!(counts(faulty(53)), (50, 3));
        assert_eq!(counts(faulty(30).and(faulty(53))), (50, 33));
    }
}
