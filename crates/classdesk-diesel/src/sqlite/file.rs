//! A database file: how it is opened, set up and migrated.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use classdesk_domain::store::{Cause, StoreError};
use diesel::connection::{AnsiTransactionManager, CacheSize, SimpleConnection, TransactionManager};
use diesel::result::Error;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::error::{ConnectError, Failure};
use crate::migrations::{self, MigrationStatus};
use crate::options::StoreOptions;
use crate::pool::ConnectionManager;

use super::errors::{classify, is_locked};

static MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// A database file and how its connections are set up.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
    lock_timeout: Duration,
    writes: bool,
}

impl File {
    /// A file in a folder that is there and can be written; it is made if need be.
    pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<Self, ConnectError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let unwritable = |source| ConnectError::UnwritableFolder {
            folder: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        make_durable(folder);
        let file = Self {
            path: path.to_owned(),
            lock_timeout: options.lock_timeout,
            writes: true,
        };
        // SQLite itself does not say why it can't open a file; the system does.
        let opened = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(path);
        match opened {
            Ok(_) => Ok(file),
            Err(source) if path.exists() => Err(ConnectError::UnusableFile {
                path: path.to_owned(),
                source: source.into(),
            }),
            Err(source) => Err(unwritable(source)),
        }
    }

    /// Switches the file to a write-ahead log. Of several that do so to a new file at once, SQLite
    /// tells some that it is locked without letting them wait; they wait for a lock that it does
    /// let them wait for, and try again.
    fn write_ahead(&self, conn: &mut SqliteConnection) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            let switched = conn.batch_execute("PRAGMA journal_mode = WAL;");
            match switched {
                Err(error) if is_locked(&error) && since.elapsed() < self.lock_timeout => {
                    match conn.batch_execute("BEGIN IMMEDIATE; COMMIT;") {
                        Err(error) if !is_locked(&error) => return Err(error),
                        _ => {}
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// Opens a connection with its settings.
    fn set_up(&self) -> Result<SqliteConnection, Cause> {
        let mut conn = SqliteConnection::establish(&self.path.to_string_lossy())?;
        let waiting = format!("PRAGMA busy_timeout = {};", self.lock_timeout.as_millis());
        conn.batch_execute(&waiting)?;
        self.write_ahead(&mut conn)?;
        // The log is written back by a thread of its own; only when that does not keep up, a
        // commit does it once the log has some 64 MiB. There are few connections, so that each
        // may keep 8 MiB of the file; what is hot of a large one fits in no less.
        let pragmas = format!(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0; \
             PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = 16384; PRAGMA journal_size_limit = 67108864; \
             PRAGMA query_only = {};",
            if self.writes { "OFF" } else { "ON" },
        );
        conn.batch_execute(&pragmas)?;
        conn.set_prepared_statement_cache_size(CacheSize::Unbounded);
        Ok(conn)
    }

    pub(super) fn for_reading(&self) -> Self {
        Self {
            writes: false,
            ..self.clone()
        }
    }

    pub(crate) fn migrate(&self) -> Result<Vec<String>, ConnectError> {
        // The schema is compared and changed under one lock on the file, so that two processes
        // that migrate at once do it one after the other.
        let mut conn = self.connect()?;
        conn.immediate_transaction(|conn| migrations::run(conn, &MIGRATIONS))
            .map_err(migrations::Stop::into_error)
    }

    /// Takes back the newest `count` migrations.
    pub(crate) fn revert(&self, count: usize) -> Result<Vec<String>, ConnectError> {
        let mut conn = self.connect()?;
        conn.immediate_transaction(|conn| migrations::revert(conn, &MIGRATIONS, count))
            .map_err(migrations::Stop::into_error)
    }

    pub(crate) fn pending(&self) -> Result<usize, ConnectError> {
        migrations::pending(&mut self.connect()?, &MIGRATIONS).map_err(migrations::Stop::into_error)
    }

    pub(crate) fn status(&self) -> Result<Vec<MigrationStatus>, ConnectError> {
        migrations::status(&mut self.connect()?, &MIGRATIONS)
    }
}

/// Makes a folder and those above it durable, which may have been made just now: SQLite does this
/// for its files alone. A folder that cannot be opened was not made by us.
fn make_durable(folder: &Path) {
    let whole = folder.canonicalize().unwrap_or_default();
    for folder in whole.ancestors() {
        let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        if synced.is_err() {
            break;
        }
    }
}

impl ConnectionManager for File {
    type Conn = SqliteConnection;

    fn connect(&self) -> Result<SqliteConnection, ConnectError> {
        self.set_up().map_err(|source| ConnectError::UnusableFile {
            path: self.path.clone(),
            source,
        })
    }

    fn classify(&self, _: &mut SqliteConnection, failure: Failure, _: Duration) -> StoreError {
        classify(failure)
    }

    fn is_broken(&self, conn: &mut SqliteConnection) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(conn)
    }
}
