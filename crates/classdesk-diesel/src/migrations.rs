//! The embedded migrations: which are applied, and applying the rest.

use classdesk_domain::store::Cause;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
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

/// The migrations that this program knows, in order, and those that a database has, the newest
/// first.
struct Schema<DB: Backend> {
    known: Vec<Box<dyn Migration<DB>>>,
    applied: Vec<MigrationVersion<'static>>,
}

impl<DB: Backend> Schema<DB> {
    /// Reads it. It writes nothing.
    fn read(
        conn: &mut impl MigrationHarness<DB>,
        source: &EmbeddedMigrations,
    ) -> Result<Self, Cause> {
        let mut known = MigrationSource::<DB>::migrations(source)?;
        known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
        let applied = conn.applied_migrations()?;
        Ok(Self { known, applied })
    }

    /// The same, but refuses a schema that a newer program has made.
    fn read_known(
        conn: &mut impl MigrationHarness<DB>,
        source: &EmbeddedMigrations,
    ) -> Result<Self, Stop> {
        let schema = Self::read(conn, source).map_err(Stop::Failed)?;
        let newer = schema.unknown().next();
        newer.map_or(Ok(schema), |migration| Err(Stop::Newer(migration)))
    }

    /// What a newer program has applied.
    fn unknown(&self) -> impl Iterator<Item = String> {
        let known: Vec<_> = self.known.iter().map(|one| one.name().version()).collect();
        let unknown = self.applied.iter();
        unknown
            .filter(move |version| !known.contains(version))
            .map(ToString::to_string)
    }
}

/// Applies what is pending within the transaction that the caller has opened, and names it.
pub(crate) fn run<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: &EmbeddedMigrations,
) -> Result<Vec<String>, Stop> {
    let Schema { mut known, applied } = Schema::read_known(conn, source)?;
    known.retain(|one| !applied.contains(&one.name().version()));
    conn.run_migrations(&known).map_err(Stop::Failed)?;
    Ok(known.iter().map(|one| one.name().to_string()).collect())
}

/// Takes back the newest migrations within the transaction that the caller has opened.
pub(crate) fn revert<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: &EmbeddedMigrations,
    count: usize,
) -> Result<Vec<String>, Stop> {
    let Schema { known, applied } = Schema::read_known(conn, source)?;
    let newest = known
        .iter()
        .rev()
        .filter(|one| applied.contains(&one.name().version()));
    let mut reverted = Vec::new();
    for migration in newest.take(count) {
        conn.revert_migration(migration).map_err(Stop::Failed)?;
        reverted.push(migration.name().to_string());
    }
    Ok(reverted)
}

/// How many migrations a database lacks, unless a newer program has made its schema. It writes
/// nothing.
pub(crate) fn pending<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: &EmbeddedMigrations,
) -> Result<usize, Stop> {
    let Schema { known, applied } = Schema::read_known(conn, source)?;
    Ok(known.len() - applied.len())
}

/// Every migration that is known or applied, in order. It writes nothing.
pub(crate) fn status<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: &EmbeddedMigrations,
) -> Result<Vec<MigrationStatus>, ConnectError> {
    let schema = Schema::read(conn, source).map_err(ConnectError::Migration)?;
    let known = schema.known.iter().map(|one| MigrationStatus {
        name: one.name().to_string(),
        applied: schema.applied.contains(&one.name().version()),
    });
    let unknown = schema.unknown().map(|name| MigrationStatus {
        name,
        applied: true,
    });
    let mut status: Vec<MigrationStatus> = known.chain(unknown).collect();
    status.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(status)
}
