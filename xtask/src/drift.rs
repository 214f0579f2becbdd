//! Whether the generated files are what would be generated now.

use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    crate::permissions::check()?;
    crate::openapi::check()?;
    crate::contract::check()
}
