//! The English sentences of the errors of the domain.

use std::borrow::Cow;

use classdesk_domain::validation::{Eligibility, ExpectedType, FieldError};

/// The sentence for people about an invalid field.
#[must_use]
pub fn field_message(fault: &FieldError) -> Cow<'static, str> {
    match fault {
        FieldError::WrongType { expected } => wrong_type(*expected).into(),
        FieldError::Malformed { detail, .. } => detail.clone().into(),
        FieldError::TooShort { min } => format!("This must have at least {min} characters.").into(),
        FieldError::TooLong { max } => format!("This must have at most {max} characters.").into(),
        FieldError::TooManyWords { max } => format!("Search for at most {max} words.").into(),
        FieldError::OutOfRange { min, max } => format!("This must be from {min} to {max}.").into(),
        FieldError::NotAChoice { allowed } => format!("Expected one of: {allowed}.").into(),
        FieldError::NotEligible(needs) => not_eligible(*needs).into(),
        FieldError::Required => "This field is required.".into(),
        FieldError::Unknown => "This field is not known here.".into(),
        FieldError::Blank => "This must not be blank.".into(),
        FieldError::NulCharacter => "This must not contain a NUL character.".into(),
        FieldError::LineBreak => "This must be a single line.".into(),
        FieldError::ControlCharacter => "This must not contain a control character.".into(),
        FieldError::Taken => "Somebody else has this.".into(),
        FieldError::Username => "A username has only a-z, 0-9, '.', '_' and '-'.".into(),
        FieldError::Email => "This is not an email address.".into(),
        FieldError::CommonPassword => "This password is too common.".into(),
        FieldError::PasswordContainsUsername => {
            "The password must not contain the username.".into()
        }
        FieldError::WrongPassword => "This is not your present password.".into(),
        FieldError::SubjectKind => {
            "A content type has 1 to 32 characters of a-z, 0-9 and '_', and begins with a letter."
                .into()
        }
        FieldError::NativeSubject => "Class bundles are subjects by themselves.".into(),
        FieldError::EndBeforeStart => "The end must not be before the start.".into(),
        FieldError::RecipientIsSender => "You can't write to yourself.".into(),
        FieldError::NotInThread => "This is no message of the thread.".into(),
        FieldError::NoAttachment => "A message of type file needs an attachment.".into(),
        FieldError::EmptyFile => "The file is empty.".into(),
        FieldError::MediaType => "This is not a media type.".into(),
        FieldError::WebhookUrl => {
            "Expected an absolute https URL without user and fragment.".into()
        }
        FieldError::WebhookPort => "The port must be 443, or 1024 and above.".into(),
        FieldError::WebhookAddress => "This does not lead to a public address.".into(),
        FieldError::DamagedCursor => "This is not a cursor of this list.".into(),
        FieldError::IdempotencyKey => {
            "An idempotency key has 1 to 255 printable ASCII characters.".into()
        }
    }
}

const fn wrong_type(expected: ExpectedType) -> &'static str {
    match expected {
        ExpectedType::Text => "Expected a string.",
        ExpectedType::Utf8 => "Expected text in UTF-8.",
        ExpectedType::Texts => "Expected a list of strings.",
        ExpectedType::Integer => "Expected a whole number of 64 bits.",
        ExpectedType::Boolean => "Expected true or false.",
        ExpectedType::Date => "Expected a date, YYYY-MM-DD.",
        ExpectedType::Time => "Expected a time as in RFC 3339.",
    }
}

const fn not_eligible(needs: Eligibility) -> &'static str {
    match needs {
        Eligibility::ActiveClient => "This is not an active client.",
        Eligibility::ActiveWriter => "This is not an active writer.",
        Eligibility::ActiveStaff => "This is not active staff.",
        Eligibility::SubjectAccess => "This is nobody who can see the subject.",
        Eligibility::OtherParticipant => "This is no other participant of the thread.",
        Eligibility::SubjectClient => "This is not the subject's client.",
    }
}
