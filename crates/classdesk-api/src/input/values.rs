//! The types of what clients send: how each is read, and its schema.

use std::marker::PhantomData;

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::NumberOfClasses;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::paging::Limit;
use classdesk_domain::people::{Email, LoginName, NewPassword, TimeZone, Username};
use classdesk_domain::search::SearchText;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{
    Description, DisplayName, KeyName, Level, Lines, MessageText, SubjectLine, Title,
};
use classdesk_domain::validation::{ExpectedType, FieldError};
use time::Date;
use time::macros::format_description;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::schema::{AnySchema, BINARY, Components, formatted, integer, nullable, string};

use super::patterns::text_pattern;
use super::value::{Input, Raw, Read, expect};

/// A text without NUL.
const NO_NUL: &str = r"^[^\x00]*$";

/// The kind of a subject.
const KIND: &str = "^[a-z][a-z0-9_]{0,31}$";

/// A text of this pattern.
pub(crate) fn text_like(pattern: &str) -> ObjectBuilder {
    string().pattern(Some(pattern))
}

fn bounded_text(lines: Lines, min: usize, max: usize) -> ObjectBuilder {
    text_like(&text_pattern(lines, min == 0))
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
}

fn new_password() -> ObjectBuilder {
    formatted(KnownFormat::Password)
        .min_length(Some(NewPassword::MIN))
        .max_length(Some(NewPassword::MAX))
        .pattern(Some(NO_NUL))
}

/// A number that is at least `min`.
fn at_least(min: i64, raw: &Raw) -> Read<i64> {
    let number = raw.integer()?;
    if number < min {
        let max = i64::MAX;
        return Err(FieldError::OutOfRange { min, max });
    }
    Ok(number)
}

fn date(text: &str) -> Option<Date> {
    let format = format_description!(
        version = 2,
        "[year repr:full range:standard sign:automatic]-[month]-[day]"
    );
    let date = Date::parse(text, format).ok()?;
    (date.year() >= 0 && text.len() == 10).then_some(date)
}

fn not_empty(text: &str) -> Read<&str> {
    if text.is_empty() {
        Err(FieldError::Blank)
    } else {
        Ok(text)
    }
}

/// An id of an entry of a list, whatever the list.
pub(crate) struct AnyId;

/// The same, or 0, which is before all ids.
pub(crate) struct AnyIdOrZero;

/// A value that may be null.
pub(crate) struct Nullable<T>(PhantomData<T>);

impl<T: Input> Input for Nullable<T> {
    type Value = Option<T::Value>;

    fn read(raw: &Raw) -> Read<Self::Value> {
        if raw.is_null() {
            Ok(None)
        } else {
            T::read(raw).map(Some)
        }
    }

    fn schema(components: &mut Components) -> AnySchema {
        nullable(T::schema(components))
    }
}

/// The present password as it is typed: anything at all.
pub(crate) struct LoginPassword;

/// A new password of which only the service can say whether it will do: whose it is depends on
/// another field.
pub(crate) struct UncheckedPassword;

/// The text of a message that may be empty, as beside a file. The service refuses an empty one
/// where there is no file.
pub(crate) struct EmptyableText;

/// The file of a form. Its bytes go into the store while the form comes in, so nothing is read
/// here.
pub(crate) struct File;

impl Input for File {
    type Value = ();

    fn read(_: &Raw) -> Read<()> {
        Ok(())
    }

    fn absent() -> Read<()> {
        Ok(())
    }

    fn schema(_: &mut Components) -> AnySchema {
        string().format(Some(BINARY)).min_length(Some(1)).into()
    }
}

/// A table of types: what is read, how, and the schema.
macro_rules! inputs {
    ($($($type:ty),+ => $value:ty: |$raw:ident| $read:expr, $schema:expr;)+) => {$($(
        impl $crate::input::Input for $type {
            type Value = $value;

            fn read($raw: &$crate::input::Raw) -> $crate::input::Read<$value> {
                $read
            }

            fn schema(_: &mut $crate::schema::Components) -> $crate::schema::AnySchema {
                $schema.into()
            }
        }
    )+)+};
}
pub(crate) use inputs;

inputs! {
    bool => Self: |raw| raw.boolean(), ObjectBuilder::new().schema_type(Type::Boolean);
    i64 => Self: |raw| raw.integer(), integer(KnownFormat::Int64);
    String => Self: |raw| raw.text().map(str::to_owned), string();

    // Ids are positive numbers.
    MessageId, UserId => Self: |raw| at_least(1, raw).map(Self::new),
        integer(KnownFormat::Int64).minimum(Some(1));
    AnyId => i64: |raw| at_least(1, raw), integer(KnownFormat::Int64).minimum(Some(1));
    AnyIdOrZero => i64: |raw| at_least(0, raw), integer(KnownFormat::Int64).minimum(Some(0));
    NumberOfClasses => Self: |raw| Self::new(raw.integer()?),
        integer(KnownFormat::Int32).minimum(Some(Self::MIN)).maximum(Some(Self::MAX));
    // What is no number is as far out of the range as any other.
    Limit => Self: |raw| Self::new(raw.integer().unwrap_or(0)),
        integer(KnownFormat::Int32).minimum(Some(1)).maximum(Some(Self::MAX));

    Date => Self: |raw| expect(date(raw.text()?), ExpectedType::Date),
        formatted(KnownFormat::Date);
    Timestamp => Self: |raw| expect(Self::parse_rfc3339(raw.text()?), ExpectedType::Time),
        formatted(KnownFormat::DateTime);

    Description, DisplayName, KeyName, Level, MessageText, SearchText, SubjectLine, Title => Self:
        |raw| Self::parse(raw.text()?), bounded_text(Self::LINES, Self::MIN, Self::MAX);
    EmptyableText => MessageText: |raw| MessageText::parse_maybe_empty(raw.text()?),
        bounded_text(MessageText::LINES, 0, MessageText::MAX);
    SubjectKind => Self: |raw| Self::parse(raw.text()?), text_like(KIND);

    Username => Self: |raw| Self::parse(raw.text()?),
        text_like("^[A-Za-z0-9._-]+$")
            .min_length(Some(Self::MIN))
            .max_length(Some(Self::MAX));
    // No blanks, no control characters.
    ExternalId => Self: |raw| Self::parse(raw.text()?),
        text_like(r"^[^\s\x00-\x1f\x7f-\x9f]+$").min_length(Some(1)).max_length(Some(Self::MAX));
    TimeZone => Self: |raw| Self::parse(raw.text()?), text_like("^[A-Za-z0-9/_+-]+$");
    Email => Self: |raw| Self::parse(raw.text()?),
        formatted(KnownFormat::Email).max_length(Some(Self::MAX));
    NewPassword => Self: |raw| Self::parse(raw.text()?), new_password();
    UncheckedPassword => String: |raw| raw.text().map(str::to_owned), new_password();
    LoginPassword => String: |raw| not_empty(raw.text()?).map(str::to_owned),
        formatted(KnownFormat::Password).min_length(Some(1));
    LoginName => Self: |raw| not_empty(raw.text()?.trim()).map(Self::new),
        string().min_length(Some(1));
}
