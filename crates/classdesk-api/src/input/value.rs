//! One value that clients send: as it came, and what reads it.

use classdesk_domain::validation::FieldError;
use serde_json::{Number, Value};

use super::schema::ValueSchema;

/// The greatest whole number up to which a JSON number with a fraction is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

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
    pub(crate) fn text(&self) -> Result<&str, FieldError> {
        match self {
            Self::Json(Value::String(text)) | Self::Parameter(text) | Self::Part(text) => Ok(text),
            Self::Json(_) => Err(FieldError::WrongType {
                expected: "a string",
            }),
        }
    }

    /// A whole number.
    pub(crate) fn integer(&self) -> Result<i64, FieldError> {
        let number = match self {
            Self::Json(Value::Number(number)) => whole_number(number),
            Self::Json(_) => None,
            Self::Parameter(text) => text.parse().ok(),
            Self::Part(text) => text.trim().parse().ok(),
        };
        number.ok_or(FieldError::WrongType {
            expected: "a whole number of 64 bits",
        })
    }

    /// `true` or `false`; in a form, whatever the case.
    pub(crate) fn boolean(&self) -> Result<bool, FieldError> {
        let value = match self {
            Self::Json(value) => value.as_bool(),
            Self::Parameter(text) => text.parse().ok(),
            Self::Part(text) => text.trim().to_ascii_lowercase().parse().ok(),
        };
        value.ok_or(FieldError::WrongType {
            expected: "true or false",
        })
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

/// A value that clients send.
pub(crate) trait Input: Sized {
    /// Whether its field has to be there.
    const IS_REQUIRED: bool = true;

    /// Reads it.
    fn read(raw: &Raw) -> Result<Self, FieldError>;

    /// What stands for a field that is not there.
    fn absent() -> Result<Self, FieldError> {
        Err(FieldError::Required)
    }

    /// What the OpenAPI document says of it.
    fn schema() -> ValueSchema;
}

impl<T: Input> Input for Option<T> {
    const IS_REQUIRED: bool = false;

    fn read(raw: &Raw) -> Result<Self, FieldError> {
        T::read(raw).map(Some)
    }

    fn absent() -> Result<Self, FieldError> {
        Ok(None)
    }

    fn schema() -> ValueSchema {
        T::schema()
    }
}
