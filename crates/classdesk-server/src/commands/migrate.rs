//! `classdesk migrate`: the database's schema.

use std::io::Write as _;
use std::process::ExitCode;

use classdesk_diesel::DatabaseHandle;

use crate::cli::MigrateArgs;
use crate::error::CliError;
use crate::wiring::blocking;

/// Migrates and names what was applied, or lists what is applied and what is pending.
pub(crate) async fn run(args: MigrateArgs) -> Result<ExitCode, CliError> {
    let (url, options) = (args.store.database_url.clone(), args.store.options());
    let lines = blocking(move || {
        Ok(if args.status {
            let database = DatabaseHandle::open_read_only(&url, &options)?;
            let known = database.migration_status()?.into_iter();
            known
                .map(|one| (if one.applied { "applied" } else { "pending" }, one.name))
                .collect()
        } else {
            let applied = DatabaseHandle::open(&url, &options)?.migrate()?.into_iter();
            applied.map(|name| ("migrated", name)).collect::<Vec<_>>()
        })
    })
    .await?;
    let mut out = std::io::stdout().lock();
    for (state, name) in &lines {
        writeln!(out, "{state}  {name}")?;
    }
    if lines.is_empty() {
        writeln!(out, "nothing to migrate")?;
    }
    Ok(ExitCode::SUCCESS)
}
