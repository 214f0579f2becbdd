//! The embedded migrations: which are applied, and applying the rest.

use classdesk_domain::store::Cause;
use diesel::Connection;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::error::ConnectError;

/// A migration and whether a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name, for example `0001_people`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// Why migrating stopped; everything it did is taken back.
#[derive(Debug)]
pub(crate) enum Stop {
    Newer(String),
    Failed(Cause),
}

impl Stop {
    pub(crate) fn into_error(self) -> ConnectError {
        match self {
            Self::Newer(migration) => ConnectError::NewerSchema { migration },
            Self::Failed(cause) => ConnectError::Migration(cause),
        }
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Applies what is pending within the transaction that the caller has opened, and names it.
pub(crate) fn run<C, DB>(conn: &mut C, source: &EmbeddedMigrations) -> Result<Vec<String>, Stop>
where
    DB: Backend,
    C: Connection<Backend = DB> + MigrationHarness<DB> + 'static,
{
    compare(conn, source)?;
    let applied = conn.applied_migrations().map_err(Stop::Failed)?;
    let mut pending = MigrationSource::<DB>::migrations(source).map_err(Stop::Failed)?;
    pending.retain(|one| !applied.contains(&one.name().version()));
    pending.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    conn.run_migrations(&pending).map_err(Stop::Failed)?;
    Ok(pending.iter().map(|one| one.name().to_string()).collect())
}

/// Takes back the newest migrations within the transaction that the caller has opened.
pub(crate) fn revert<C, DB>(
    conn: &mut C,
    source: &EmbeddedMigrations,
    count: usize,
) -> Result<Vec<String>, Stop>
where
    DB: Backend,
    C: Connection<Backend = DB> + MigrationHarness<DB> + 'static,
{
    compare(conn, source)?;
    let known = MigrationSource::<DB>::migrations(source).map_err(Stop::Failed)?;
    let applied = conn.applied_migrations().map_err(Stop::Failed)?;
    let mut reverted = Vec::new();
    for version in applied.into_iter().take(count) {
        let migration = known.iter().find(|one| one.name().version() == version);
        if let Some(migration) = migration {
            conn.revert_migration(migration).map_err(Stop::Failed)?;
            reverted.push(migration.name().to_string());
        }
    }
    Ok(reverted)
}

/// Refuses a schema that a newer program has made.
fn compare<C, DB>(conn: &mut C, source: &EmbeddedMigrations) -> Result<(), Stop>
where
    DB: Backend,
    C: Connection<Backend = DB> + MigrationHarness<DB>,
{
    let known = MigrationSource::<DB>::migrations(source).map_err(Stop::Failed)?;
    let unknown = conn
        .applied_migrations()
        .map_err(Stop::Failed)?
        .into_iter()
        .find(|version| !known.iter().any(|one| one.name().version() == *version));
    match unknown {
        Some(version) => Err(Stop::Newer(version.to_string())),
        None => Ok(()),
    }
}

/// How many migrations a database lacks, unless a newer program has made its schema. It writes
/// nothing.
pub(crate) fn pending<C, DB>(conn: &mut C, source: &EmbeddedMigrations) -> Result<usize, Stop>
where
    DB: Backend,
    C: Connection<Backend = DB> + MigrationHarness<DB>,
{
    compare(conn, source)?;
    let known = MigrationSource::<DB>::migrations(source).map_err(Stop::Failed)?;
    let applied = conn.applied_migrations().map_err(Stop::Failed)?;
    Ok(known.len() - applied.len())
}

/// Every migration that is known or applied, in order. It writes nothing.
pub(crate) fn status<C, DB>(
    conn: &mut C,
    source: &EmbeddedMigrations,
) -> Result<Vec<MigrationStatus>, ConnectError>
where
    DB: Backend,
    C: Connection<Backend = DB> + MigrationHarness<DB>,
{
    let known = MigrationSource::<DB>::migrations(source).map_err(ConnectError::Migration)?;
    let applied = conn.applied_migrations().map_err(ConnectError::Migration)?;
    let mut status: Vec<MigrationStatus> = known
        .iter()
        .map(|one| MigrationStatus {
            name: one.name().to_string(),
            applied: applied.contains(&one.name().version()),
        })
        .collect();
    let unknown = applied
        .into_iter()
        .filter(|version| !known.iter().any(|one| one.name().version() == *version));
    status.extend(unknown.map(|version| MigrationStatus {
        name: version.to_string(),
        applied: true,
    }));
    status.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(status)
}
