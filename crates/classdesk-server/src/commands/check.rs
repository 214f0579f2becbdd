//! `classdesk check`: every file against its record.

use std::io::Write as _;
use std::process::ExitCode;

use classdesk_domain::maintenance::{Checked, Finding};

use crate::cli::CheckArgs;
use crate::error::CliError;
use crate::wiring::Assembly;

/// Lists what is wrong, one line each, and then what was looked at. Exits with 1 when anything is
/// left wrong.
pub(crate) async fn run(args: CheckArgs) -> Result<ExitCode, CliError> {
    let assembly = Assembly::for_files(&args.store, &args.files).await?;
    let mut out = std::io::stdout();
    let mut wrong: u64 = 0;
    let mut written = Ok(());
    let report = |finding: Finding| {
        wrong += u64::from(!is_settled(&finding));
        if written.is_ok() {
            written = writeln!(out, "{}", line(&finding));
        }
    };
    let checked = assembly.app.maintenance.check(args.repair, report).await?;
    written?;
    writeln!(out, "{}", summary(checked, wrong))?;
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether nothing is left to be done about it.
const fn is_settled(finding: &Finding) -> bool {
    matches!(finding, Finding::Orphaned { repaired: true, .. })
}

fn line(finding: &Finding) -> String {
    match finding {
        Finding::Missing(key) => format!("missing   {key}"),
        Finding::Damaged(key) => format!("damaged   {key}"),
        Finding::Orphaned {
            path,
            size,
            repaired: true,
        } => format!("removed   {path} (orphaned, {size} bytes)"),
        Finding::Orphaned { path, size, .. } => format!("orphaned  {path} ({size} bytes)"),
    }
}

fn summary(checked: Checked, wrong: u64) -> String {
    let Checked {
        files,
        bytes,
        objects,
    } = checked;
    format!("{files} files ({bytes} bytes) are whole, {objects} objects listed, {wrong} problems")
}
