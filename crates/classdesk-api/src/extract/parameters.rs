//! Parameters of operations that have none.

use actix_web::HttpRequest;
use classdesk_domain::validation::{Invalid, Validated};

use crate::input::{Fields, NoFields};

/// Checks that a request has no parameters.
///
/// # Errors
/// Each parameter is one.
pub(crate) fn no_parameters(request: &HttpRequest) -> Result<(), Invalid> {
    Fields::of_query(request.query_string()).read::<NoFields>()
}

/// What was read, with its errors, for a service.
pub(super) fn validated<T>(read: Result<T, Invalid>) -> Validated<T> {
    match read {
        Ok(value) => Validated::valid(value),
        Err(invalid) => Validated::invalid(invalid),
    }
}

/// What was read, if the parameters are good too; else the errors of both.
pub(super) fn together<T>(
    read: Result<T, Invalid>,
    parameters: &Result<(), Invalid>,
) -> Result<T, Invalid> {
    match (read, parameters) {
        (read, Ok(())) => read,
        (Ok(_), Err(invalid)) => Err(invalid.clone()),
        (Err(first), Err(invalid)) => Err(first.and(invalid.clone())),
    }
}
