//! `classdesk openapi`: the document that describes the API.

use std::io::Write as _;
use std::process::ExitCode;

use crate::error::CliError;

/// Prints it.
pub(crate) fn print() -> Result<ExitCode, CliError> {
    write!(std::io::stdout(), "{}", classdesk_api::openapi())?;
    Ok(ExitCode::SUCCESS)
}
