//! The embedded migrations: which are applied, and applying the rest.

use classdesk_domain::store::Cause;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
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
    fn new(
        source: &EmbeddedMigrations,
        applied: Vec<MigrationVersion<'static>>,
    ) -> Result<Self, Cause> {
        let mut known = MigrationSource::<DB>::migrations(source)?;
        known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
        Ok(Self { known, applied })
    }

    /// The same, but refuses a schema that a newer program has made.
    fn new_known(
        source: &EmbeddedMigrations,
        applied: Vec<MigrationVersion<'static>>,
    ) -> Result<Self, Stop> {
        let schema = Self::new(source, applied).map_err(Stop::Failed)?;
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
    let applied = conn.applied_migrations().map_err(Stop::Failed)?;
    let Schema { mut known, applied } = Schema::new_known(source, applied)?;
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
    let applied = conn.applied_migrations().map_err(Stop::Failed)?;
    let Schema { known, applied } = Schema::new_known(source, applied)?;
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

/// A line of Diesel's table of migrations.
#[derive(QueryableByName)]
pub(crate) struct MigrationRow {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The migrations that a database has, the newest first, if it has the table of migrations: then
/// `find_table` answers a line. Diesel's own way makes the table, which needs a right to write.
pub(crate) fn applied<C>(
    conn: &mut C,
    find_table: &str,
) -> QueryResult<Vec<MigrationVersion<'static>>>
where
    SqlQuery: for<'q> LoadQuery<'q, C, MigrationRow>,
{
    let table: Vec<MigrationRow> = diesel::sql_query(find_table).load(conn)?;
    if table.is_empty() {
        return Ok(Vec::new());
    }
    let versions = "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC";
    let versions: Vec<MigrationRow> = diesel::sql_query(versions).load(conn)?;
    Ok(versions.into_iter().map(|one| one.version.into()).collect())
}

/// How many migrations a database lacks that has these, unless a newer program has made its
/// schema.
pub(crate) fn pending<DB: Backend>(
    source: &EmbeddedMigrations,
    applied: Vec<MigrationVersion<'static>>,
) -> Result<usize, ConnectError> {
    let schema = Schema::<DB>::new_known(source, applied).map_err(Stop::into_error)?;
    Ok(schema.known.len() - schema.applied.len())
}

/// Every migration that is known or among these, in order.
pub(crate) fn status<DB: Backend>(
    source: &EmbeddedMigrations,
    applied: Vec<MigrationVersion<'static>>,
) -> Result<Vec<MigrationStatus>, ConnectError> {
    let schema = Schema::<DB>::new(source, applied).map_err(ConnectError::Migration)?;
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
