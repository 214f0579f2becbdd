//! The store as the program holds it.

use std::sync::Arc;

use classdesk_domain::store::Store;

use crate::error::ConnectError;
use crate::migrations::MigrationStatus;
use crate::options::StoreOptions;
use crate::stats::StoreStats;
use crate::url::{DatabaseUrl, Kind};
use crate::{postgres, session_cache, sqlite};

/// A database that is named but not yet served from: what `migrate` works on.
#[derive(Debug, Clone)]
pub struct DatabaseHandle(Location);

#[derive(Debug, Clone)]
enum Location {
    Sqlite(sqlite::File),
    Postgres(Box<postgres::Server>),
}

impl DatabaseHandle {
    /// Names a database. A SQLite file and its folder are made if need be.
    ///
    /// # Errors
    /// [`ConnectError::UnwritableFolder`], [`ConnectError::UnusableFile`],
    /// [`ConnectError::Certificates`]. A server is not asked yet.
    pub fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, ConnectError> {
        Ok(Self(match url.kind() {
            Kind::Sqlite(path) => Location::Sqlite(sqlite::File::open(path, options)?),
            Kind::Postgres(address) => {
                Location::Postgres(Box::new(postgres::Server::new(address, options)?))
            }
        }))
    }

    /// Names a database that is only read. Nothing is made or written, so it needs no right to; the
    /// store that [`serve`](Self::serve) starts refuses changes. Its searches may not find yet what
    /// an older version has stored.
    ///
    /// # Errors
    /// [`ConnectError::Certificates`]. Neither a file nor a server is asked yet.
    pub fn open_read_only(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, ConnectError> {
        Ok(Self(match url.kind() {
            Kind::Sqlite(path) => Location::Sqlite(sqlite::File::open_read_only(path, options)),
            Kind::Postgres(address) => {
                let server = postgres::Server::new(address, options)?;
                Location::Postgres(Box::new(server.read_only()))
            }
        }))
    }

    /// Applies the migrations that are pending, all or none of them, and names them. Then it
    /// completes what an older version has stored. Of several processes that call it at once one migrates and
    /// the others wait.
    ///
    /// This blocks the thread.
    ///
    /// # Errors
    /// [`ConnectError::NewerSchema`], [`ConnectError::Migration`], or that the database can't be
    /// reached.
    pub fn migrate(&self) -> Result<Vec<String>, ConnectError> {
        let applied = match &self.0 {
            Location::Sqlite(file) => file.migrate(),
            Location::Postgres(server) => server.migrate(),
        }?;
        self.complete()?;
        Ok(applied)
    }

    /// Folds the addresses that an older version has stored, and gives words to what it has stored, so
    /// that people can sign in with them and searches find it. This goes one batch after the other,
    /// and what was interrupted goes on.
    fn complete(&self) -> Result<(), ConnectError> {
        match &self.0 {
            Location::Sqlite(file) => {
                use crate::sqlite::queries::{addresses, search};
                file.repeat_while(addresses::has_backlog, addresses::reduce_backlog)?;
                file.repeat_while(search::has_backlog, search::reduce_backlog)
            }
            Location::Postgres(server) => {
                use crate::postgres::queries::{addresses, search};
                server.repeat_while(addresses::has_backlog, addresses::reduce_backlog)?;
                server.repeat_while(search::has_backlog, search::reduce_backlog)
            }
        }
    }

    /// Takes back the newest `count` migrations, with everything that is stored in what they made,
    /// and names them.
    ///
    /// This blocks the thread.
    ///
    /// # Errors
    /// As [`DatabaseHandle::migrate`].
    pub fn revert(&self, count: usize) -> Result<Vec<String>, ConnectError> {
        match &self.0 {
            Location::Sqlite(file) => file.revert(count),
            Location::Postgres(server) => server.revert(count),
        }
    }

    /// Every migration that is known or applied, in order. Nothing is written. A file that is only
    /// read and missing has none applied.
    ///
    /// This blocks the thread.
    ///
    /// # Errors
    /// That the database can't be reached.
    pub fn migration_status(&self) -> Result<Vec<MigrationStatus>, ConnectError> {
        match &self.0 {
            Location::Sqlite(file) => file.status(),
            Location::Postgres(server) => server.status(),
        }
    }

    /// Starts the threads that serve. The schema has to be the one that this program knows.
    ///
    /// This blocks the thread while it looks at the schema.
    ///
    /// # Errors
    /// [`ConnectError::PendingMigrations`], [`ConnectError::NewerSchema`], or that the database
    /// can't be reached.
    pub fn serve(&self, options: &StoreOptions) -> Result<DieselStore, ConnectError> {
        let pending = match &self.0 {
            Location::Sqlite(file) => file.pending()?,
            Location::Postgres(server) => server.pending()?,
        };
        if pending > 0 {
            return Err(ConnectError::PendingMigrations { pending });
        }
        self.complete()?;
        Ok(DieselStore(match &self.0 {
            Location::Sqlite(file) => Running::Sqlite(sqlite::Database::start(file, options)?),
            Location::Postgres(server) => {
                Running::Postgres(postgres::Database::start(server, options)?)
            }
        }))
    }
}

/// A store on SQLite or PostgreSQL, served by threads of its own.
///
/// Dropping it and every `Arc` that came from it lets the threads finish what is queued and end;
/// [`DieselStore::close`] does so and waits.
pub struct DieselStore(Running);

enum Running {
    Sqlite(Arc<sqlite::Database>),
    Postgres(Arc<postgres::Database>),
}

impl DieselStore {
    /// Opens, migrates and serves a database in one go.
    ///
    /// This blocks the thread.
    ///
    /// # Errors
    /// Whatever [`DatabaseHandle`] answers at each of these steps.
    pub fn connect(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, ConnectError> {
        let database = DatabaseHandle::open(url, options)?;
        database.migrate()?;
        database.serve(options)
    }

    /// Every repository port in one.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        match &self.0 {
            Running::Sqlite(database) => Arc::clone(database) as Arc<dyn Store>,
            Running::Postgres(database) => Arc::clone(database) as Arc<dyn Store>,
        }
    }

    /// Waits until no other process on the same database goes by what was true before this store's
    /// latest change.
    ///
    /// A server on SQLite caches sessions for half a second and drops at once only those that it
    /// changes itself. Servers on PostgreSQL cache nothing.
    pub async fn wait_for_cache_expiry(&self) {
        if matches!(self.0, Running::Sqlite(_)) {
            tokio::time::sleep(session_cache::TTL).await;
        }
    }

    /// How busy it is.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        match &self.0 {
            Running::Sqlite(database) => database.stats(),
            Running::Postgres(database) => database.stats(),
        }
    }

    /// Takes no more work, finishes what is queued, and waits until the threads are gone and every
    /// connection is closed.
    pub async fn close(&self) {
        match &self.0 {
            Running::Sqlite(database) => database.close().await,
            Running::Postgres(database) => database.close().await,
        }
    }
}
