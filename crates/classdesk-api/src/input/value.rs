//! One value that clients send: as it came, and what reads it.

use classdesk_domain::validation::{ExpectedType, FieldError};
use serde_json::{Number, Value};

use crate::schema::{AnySchema, Components};

/// The greatest whole number up to which a JSON number with a fraction is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What was read, or what is wrong with it.
pub(crate) type Read<T> = Result<T, FieldError>;

/// A value as it came.
pub(crate) enum Raw {
    /// In a JSON body.
    Json(Value),
    /// As a parameter of the query.
    Parameter(String),
    /// As a part of a form.
    Part(String),
}

impl Raw {
    /// A string.
    pub(crate) fn text(&self) -> Read<&str> {
        let text = match self {
            Self::Json(value) => value.as_str(),
            Self::Parameter(text) | Self::Part(text) => Some(&**text),
        };
        expect(text, ExpectedType::Text)
    }

    /// A list of strings, which only JSON has.
    pub(crate) fn texts(&self) -> Read<Vec<String>> {
        let list = match self {
            Self::Json(value) => value.as_array(),
            Self::Parameter(_) | Self::Part(_) => None,
        };
        let texts = list.and_then(|list| {
            let texts = list.iter().map(|each| each.as_str().map(str::to_owned));
            texts.collect()
        });
        expect(texts, ExpectedType::Texts)
    }

    /// A whole number.
    pub(crate) fn integer(&self) -> Read<i64> {
        let number = match self {
            Self::Json(value) => value.as_number().and_then(whole_number),
            Self::Parameter(text) => plain_number(text),
            Self::Part(text) => text.trim().parse().ok(),
        };
        expect(number, ExpectedType::Integer)
    }

    /// `true` or `false`; in a form, whatever the case.
    pub(crate) fn boolean(&self) -> Read<bool> {
        let value = match self {
            Self::Json(value) => value.as_bool(),
            Self::Parameter(text) => text.parse().ok(),
            Self::Part(text) => text.trim().to_ascii_lowercase().parse().ok(),
        };
        expect(value, ExpectedType::Boolean)
    }

    /// Whether it is JSON's `null`.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Json(Value::Null))
    }

    pub(super) fn repeated(&self) -> FieldError {
        let message = match self {
            Self::Parameter(_) => "This parameter may be there only once.",
            Self::Json(_) | Self::Part(_) => "This field may be there only once.",
        };
        FieldError::malformed("repeated", message)
    }
}

/// A value that was read, or that it has another type.
pub(super) fn expect<T>(value: Option<T>, expected: ExpectedType) -> Read<T> {
    value.ok_or(FieldError::WrongType { expected })
}

/// JSON does not tell `5` from `5.0`, so neither do we.
fn whole_number(number: &Number) -> Option<i64> {
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

/// A number as it stands in an address: decimal, without plus and leading zeros, so that it has one
/// spelling.
pub(crate) fn plain_number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.starts_with(|c: char| matches!(c, '1'..='9')) || text == "0";
    is_plain.then_some(number)
}

/// A value that clients send.
pub(crate) trait Input {
    /// What is read.
    type Value;

    /// Whether its field has to be there.
    const IS_REQUIRED: bool = true;

    /// Reads it.
    fn read(raw: &Raw) -> Read<Self::Value>;

    /// What stands for a field that is not there.
    fn absent() -> Read<Self::Value> {
        Err(FieldError::Required)
    }

    /// What the OpenAPI document says of it.
    fn schema(components: &mut Components) -> AnySchema;
}

impl<T: Input> Input for Option<T> {
    type Value = Option<T::Value>;

    const IS_REQUIRED: bool = false;

    fn read(raw: &Raw) -> Read<Self::Value> {
        T::read(raw).map(Some)
    }

    fn absent() -> Read<Self::Value> {
        Ok(None)
    }

    fn schema(components: &mut Components) -> AnySchema {
        T::schema(components)
    }
}
