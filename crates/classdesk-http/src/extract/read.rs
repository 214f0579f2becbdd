//! Readers of single values: of JSON bodies and, by the same names, of query parameters.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::error::FieldError;
use classdesk_domain::ids::{MessageId, UserId};
use serde_json::Value;
use time::Date;
use time::macros::format_description;

/// The greatest whole number up to which a JSON number with a fraction is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An id in a body or a parameter.
pub(crate) trait Id {
    /// Wraps the number.
    fn of(number: i64) -> Self;
}

impl Id for UserId {
    fn of(number: i64) -> Self {
        Self::new(number)
    }
}

impl Id for MessageId {
    fn of(number: i64) -> Self {
        Self::new(number)
    }
}

/// A string that `parse` makes something of.
pub(crate) fn text<T>(
    parse: impl Fn(&str) -> Result<T, FieldError>,
) -> impl Fn(&Value) -> Result<T, FieldError> {
    move |value| match value {
        Value::String(text) => parse(text),
        _ => Err(FieldError::WrongType {
            expected: "a string",
        }),
    }
}

/// A whole number that `parse` makes something of.
pub(crate) fn integer<T>(
    parse: impl Fn(i64) -> Result<T, FieldError>,
) -> impl Fn(&Value) -> Result<T, FieldError> {
    move |value| match whole_number(value) {
        Some(number) => parse(number),
        None => Err(FieldError::WrongType {
            expected: "a whole number of 64 bits",
        }),
    }
}

/// JSON does not tell `5` from `5.0`, so neither do we.
fn whole_number(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else {
        return None;
    };
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number below 2^53 is exact in both types"
        )]
        let whole = (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64);
        whole
    })
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value) -> Result<bool, FieldError> {
    value.as_bool().ok_or(FieldError::WrongType {
        expected: "true or false",
    })
}

/// An id.
pub(crate) fn id<T: Id>(value: &Value) -> Result<T, FieldError> {
    integer(positive)(value)
}

fn positive<T: Id>(number: i64) -> Result<T, FieldError> {
    if number > 0 {
        Ok(T::of(number))
    } else {
        Err(FieldError::OutOfRange {
            min: 1,
            max: i64::MAX,
        })
    }
}

/// A day, as `YYYY-MM-DD`.
pub(crate) fn date(text: &str) -> Result<Date, FieldError> {
    let format = format_description!(
        version = 2,
        "[year repr:full range:standard sign:automatic]-[month]-[day]"
    );
    Date::parse(text, format)
        .ok()
        .filter(|date| date.year() >= 0 && text.len() == 10)
        .ok_or(FieldError::WrongType {
            expected: "a date, YYYY-MM-DD",
        })
}

/// An id as a parameter.
pub(crate) fn id_parameter<T: Id>(text: &str) -> Result<T, FieldError> {
    positive(integer_parameter(text)?)
}

/// A whole number as a parameter.
pub(crate) fn integer_parameter(text: &str) -> Result<i64, FieldError> {
    text.parse().map_err(|_| FieldError::WrongType {
        expected: "a whole number of 64 bits",
    })
}

/// `true` or `false` as a parameter.
pub(crate) fn boolean_parameter(text: &str) -> Result<bool, FieldError> {
    text.parse().map_err(|_| FieldError::WrongType {
        expected: "true or false",
    })
}

/// A time as a parameter, as RFC 3339 writes it.
pub(crate) fn time_parameter(text: &str) -> Result<Timestamp, FieldError> {
    Timestamp::parse_rfc3339(text).ok_or(FieldError::WrongType {
        expected: "a time as in RFC 3339",
    })
}
