//! Which subject a body names.

use classdesk_domain::error::Error;
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::validation::Validated;

use crate::dto::SubjectInput;

/// The subject of a request whose body had to name one.
///
/// # Errors
/// [`Error::NotFound`] for one that can't exist, else the errors of the body.
pub(crate) fn required_subject<T>(
    named: Option<SubjectInput>,
    body: &Validated<T>,
) -> Result<SubjectRef, Error> {
    match named {
        Some(SubjectInput::Subject(subject)) => Ok(subject),
        Some(SubjectInput::Impossible) => Err(Error::NotFound),
        None => match body.as_result() {
            Err(invalid) => Err(invalid.into()),
            Ok(_) => Err(Error::NotFound),
        },
    }
}
