//! The types of what clients send: how each is read, and its schema.

use classdesk_domain::bundles::NumberOfClasses;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::paging::Limit;
use classdesk_domain::people::{Email, LoginName, NewPassword, Username};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{
    Description, DisplayName, Level, MessageText, SearchText, SubjectLine, Title,
};
use classdesk_domain::validation::FieldError;
use time::Date;
use time::macros::format_description;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, SchemaType, Type};

use super::schema::{BINARY, ValueSchema};
use super::value::{Input, Raw};

/// A text without NUL, and one that is not blank either.
const NO_NUL: &str = r"^[^\x00]*$";
const NOT_BLANK: &str = r"^[^\x00]*\S[^\x00]*$";

/// The kind of a subject.
const KIND: &str = "^[a-z][a-z0-9_]{0,31}$";

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text of this pattern.
pub(crate) fn text_like(pattern: &str) -> ValueSchema {
    string().pattern(Some(pattern)).into()
}

fn formatted(format: KnownFormat) -> ObjectBuilder {
    string().format(Some(SchemaFormat::KnownFormat(format)))
}

fn integer(format: KnownFormat) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(format)))
}

fn bounded_text(min: usize, max: usize) -> ObjectBuilder {
    let pattern = if min > 0 { NOT_BLANK } else { NO_NUL };
    string()
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
        .pattern(Some(pattern))
}

/// Texts that are parsed by the domain and have its bounds.
macro_rules! texts {
    ($($text:ident)*) => {$(
        impl Input for $text {
            fn read(raw: &Raw) -> Result<Self, FieldError> {
                Self::parse(raw.text()?)
            }

            fn schema() -> ValueSchema {
                bounded_text(Self::MIN, Self::MAX).into()
            }
        }
    )*};
}
texts!(Description DisplayName Level MessageText SearchText SubjectLine Title);

/// Ids, which are positive numbers.
macro_rules! ids {
    ($($id:ident)*) => {$(
        impl Input for $id {
            fn read(raw: &Raw) -> Result<Self, FieldError> {
                match raw.integer()? {
                    number @ 1.. => Ok(Self::new(number)),
                    _ => Err(FieldError::OutOfRange { min: 1, max: i64::MAX }),
                }
            }

            fn schema() -> ValueSchema {
                integer(KnownFormat::Int64).minimum(Some(1)).into()
            }
        }
    )*};
}
ids!(MessageId UserId);

/// A value that may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nullable<T>(pub(crate) Option<T>);

impl<T: Input> Input for Nullable<T> {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        if raw.is_null() {
            return Ok(Self(None));
        }
        T::read(raw).map(|value| Self(Some(value)))
    }

    fn schema() -> ValueSchema {
        match T::schema() {
            ValueSchema::Inline(mut object) => {
                if let SchemaType::Type(of_value) = object.schema_type {
                    object.schema_type = SchemaType::from_iter([of_value, Type::Null]);
                }
                ValueSchema::Inline(object)
            }
            named @ ValueSchema::Named(..) => named,
        }
    }
}

impl Input for bool {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        raw.boolean()
    }

    fn schema() -> ValueSchema {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }
}

impl Input for i64 {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        raw.integer()
    }

    fn schema() -> ValueSchema {
        integer(KnownFormat::Int64).into()
    }
}

impl Input for String {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        raw.text().map(str::to_owned)
    }

    fn schema() -> ValueSchema {
        string().into()
    }
}

impl Input for NumberOfClasses {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::new(raw.integer()?)
    }

    fn schema() -> ValueSchema {
        integer(KnownFormat::Int32)
            .minimum(Some(Self::MIN))
            .maximum(Some(Self::MAX))
            .into()
    }
}

impl Input for Limit {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        // What is no number is as far out of the range as any other.
        Self::new(raw.integer().unwrap_or(0))
    }

    fn schema() -> ValueSchema {
        integer(KnownFormat::Int32)
            .minimum(Some(1))
            .maximum(Some(Self::MAX))
            .into()
    }
}

impl Input for Date {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        let format = format_description!(
            version = 2,
            "[year repr:full range:standard sign:automatic]-[month]-[day]"
        );
        let text = raw.text()?;
        Self::parse(text, format)
            .ok()
            .filter(|date| date.year() >= 0 && text.len() == 10)
            .ok_or(FieldError::WrongType {
                expected: "a date, YYYY-MM-DD",
            })
    }

    fn schema() -> ValueSchema {
        formatted(KnownFormat::Date).into()
    }
}

impl Input for Timestamp {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::parse_rfc3339(raw.text()?).ok_or(FieldError::WrongType {
            expected: "a time as in RFC 3339",
        })
    }

    fn schema() -> ValueSchema {
        formatted(KnownFormat::DateTime).into()
    }
}

impl Input for Username {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::parse(raw.text()?)
    }

    fn schema() -> ValueSchema {
        string()
            .min_length(Some(Self::MIN))
            .max_length(Some(Self::MAX))
            .pattern(Some("^[A-Za-z0-9._-]+$"))
            .into()
    }
}

impl Input for Email {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::parse(raw.text()?)
    }

    fn schema() -> ValueSchema {
        formatted(KnownFormat::Email)
            .max_length(Some(Self::MAX))
            .into()
    }
}

impl Input for NewPassword {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::parse(raw.text()?)
    }

    fn schema() -> ValueSchema {
        formatted(KnownFormat::Password)
            .min_length(Some(Self::MIN))
            .max_length(Some(Self::MAX))
            .pattern(Some(NO_NUL))
            .into()
    }
}

/// What somebody types as their present password: anything at all.
pub(crate) struct LoginPassword(pub(crate) String);

impl Input for LoginPassword {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        match raw.text()? {
            "" => Err(FieldError::Blank),
            text => Ok(Self(text.to_owned())),
        }
    }

    fn schema() -> ValueSchema {
        formatted(KnownFormat::Password).min_length(Some(1)).into()
    }
}

impl Input for LoginName {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        match raw.text()?.trim() {
            "" => Err(FieldError::Blank),
            text => Ok(Self::new(text)),
        }
    }

    fn schema() -> ValueSchema {
        string().min_length(Some(1)).into()
    }
}

/// The text of a message that may be empty, as beside a file. The service refuses an empty one
/// where there is no file.
pub(crate) struct EmptyableText(pub(crate) MessageText);

impl Input for EmptyableText {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        MessageText::parse_maybe_empty(raw.text()?).map(Self)
    }

    fn schema() -> ValueSchema {
        bounded_text(0, MessageText::MAX).into()
    }
}

impl Input for SubjectKind {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Self::parse(raw.text()?)
    }

    fn schema() -> ValueSchema {
        text_like(KIND)
    }
}

/// The file of a form. Its bytes go into the store while the form comes in, so nothing is read
/// here.
pub(crate) struct File;

impl Input for File {
    fn read(_: &Raw) -> Result<Self, FieldError> {
        Ok(Self)
    }

    fn absent() -> Result<Self, FieldError> {
        Ok(Self)
    }

    fn schema() -> ValueSchema {
        string().format(Some(BINARY)).min_length(Some(1)).into()
    }
}
