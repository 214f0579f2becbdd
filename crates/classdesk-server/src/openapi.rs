//! `classdesk openapi`: the document that describes the API.

use std::io::Write as _;
use std::process::ExitCode;

use crate::failure::Failure;

/// Prints it.
pub(crate) fn print() -> Result<ExitCode, Failure> {
    write!(std::io::stdout(), "{}", classdesk_http::openapi())?;
    Ok(ExitCode::SUCCESS)
}
