//! A database file: how it is opened, set up and migrated.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use classdesk_domain::store::{Cause, StoreError};
use diesel::connection::{AnsiTransactionManager, CacheSize, SimpleConnection, TransactionManager};
use diesel::migration::MigrationVersion;
use diesel::result::Error;
use diesel::sqlite::Sqlite;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::error::{ConnectError, Failure};
use crate::migrations::{self, MigrationStatus};
use crate::options::StoreOptions;
use crate::pool::ConnectionManager;

use super::errors::{classify, is_locked};

static MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// What connections to a file are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Changes, one connection at a time.
    Write,
    /// Reading beside the connection that writes.
    Query,
    /// Reading a file without changing anything, the files beside it included.
    ReadOnly,
}

/// A database file and how its connections are set up.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
    lock_timeout: Duration,
    access: Access,
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
        private(std::fs::DirBuilder::new().recursive(true))
            .create(folder)
            .map_err(unwritable)?;
        make_durable(folder);
        let file = Self {
            path: path.to_owned(),
            lock_timeout: options.lock_timeout,
            access: Access::Write,
        };
        // SQLite itself does not say why it can't open a file; the system does. It gives the files
        // beside it the same mode.
        let mut opened = std::fs::OpenOptions::new();
        opened.create(true).truncate(false).write(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut opened, 0o600);
        match opened.open(path) {
            Ok(_) => Ok(file),
            Err(source) if path.exists() => Err(ConnectError::UnusableFile {
                path: path.to_owned(),
                source: source.into(),
            }),
            Err(source) => Err(unwritable(source)),
        }
    }

    /// A file that is only read. It need not be there yet.
    pub(crate) fn open_read_only(path: &Path, options: &StoreOptions) -> Self {
        Self {
            path: path.to_owned(),
            lock_timeout: options.lock_timeout,
            access: Access::ReadOnly,
        }
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.access == Access::ReadOnly
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

    /// Whether the files beside the database say that a process has it open, or has left something
    /// that belongs into it.
    fn is_in_use(&self) -> bool {
        let length = |suffix: &str| {
            let mut beside = self.path.clone().into_os_string();
            beside.push(suffix);
            std::fs::metadata(beside).map(|file| file.len()).ok()
        };
        length("-shm").is_some() || length("-wal") > Some(0) || length("-journal") > Some(0)
    }

    /// Opens a connection that can't write.
    ///
    /// Even a reader makes files beside a database with a write-ahead log, and locks it. One that
    /// no process has open can be read without: it is `immutable` for as long as that is so.
    fn set_up_read_only(&self) -> Result<SqliteConnection, Cause> {
        // SQLite itself does not say why it can't open a file; the system does.
        std::fs::File::open(&self.path)?;
        let how = if self.is_in_use() {
            "mode=ro"
        } else {
            "immutable=1"
        };
        let host = if self.path.is_absolute() { "//" } else { "" };
        let path = percent_encode(self.path.as_os_str().as_encoded_bytes(), URI);
        let mut conn = SqliteConnection::establish(&format!("file:{host}{path}?{how}"))?;
        conn.batch_execute(&format!(
            "PRAGMA busy_timeout = {}; PRAGMA query_only = ON; PRAGMA mmap_size = 0; \
             PRAGMA temp_store = MEMORY; PRAGMA schema_version;",
            self.lock_timeout.as_millis(),
        ))?;
        Ok(conn)
    }

    /// Opens a connection with its settings.
    fn set_up(&self) -> Result<SqliteConnection, Cause> {
        if self.is_read_only() {
            return self.set_up_read_only();
        }
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
            if self.access == Access::Write {
                "OFF"
            } else {
                "ON"
            },
        );
        conn.batch_execute(&pragmas)?;
        conn.set_prepared_statement_cache_size(CacheSize::Unbounded);
        Ok(conn)
    }

    pub(super) fn for_reading(&self) -> Self {
        let access = if self.is_read_only() {
            Access::ReadOnly
        } else {
            Access::Query
        };
        Self {
            access,
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

    /// Makes steps while there is something to do, each in a transaction of its own. Nothing is
    /// locked when there is nothing to do. A file that is only read stays as it is.
    pub(crate) fn repeat_while(
        &self,
        is_due: fn(&mut SqliteConnection) -> Result<bool, Failure>,
        step: fn(&mut SqliteConnection) -> Result<(), Failure>,
    ) -> Result<(), ConnectError> {
        if self.is_read_only() {
            return Ok(());
        }
        let mut conn = self.connect()?;
        let mut all = || -> Result<(), Failure> {
            while is_due(&mut conn)? {
                conn.immediate_transaction(step)?;
            }
            Ok(())
        };
        all().map_err(|failure| ConnectError::Migration(classify(failure).into()))
    }

    /// Takes back the newest `count` migrations.
    pub(crate) fn revert(&self, count: usize) -> Result<Vec<String>, ConnectError> {
        let mut conn = self.connect()?;
        conn.immediate_transaction(|conn| migrations::revert(conn, &MIGRATIONS, count))
            .map_err(migrations::Stop::into_error)
    }

    fn applied(&self) -> Result<Vec<MigrationVersion<'static>>, ConnectError> {
        const FIND_TABLE: &str = "SELECT name AS version FROM sqlite_master \
             WHERE name = '__diesel_schema_migrations'";
        migrations::applied(&mut self.connect()?, FIND_TABLE)
            .map_err(|error| ConnectError::Migration(error.into()))
    }

    pub(crate) fn pending(&self) -> Result<usize, ConnectError> {
        migrations::pending::<Sqlite>(&MIGRATIONS, self.applied()?)
    }

    pub(crate) fn status(&self) -> Result<Vec<MigrationStatus>, ConnectError> {
        let is_missing = self.is_read_only() && !self.path.exists();
        let applied = if is_missing {
            Vec::new()
        } else {
            self.applied()?
        };
        migrations::status::<Sqlite>(&MIGRATIONS, applied)
    }
}

/// What an URI of SQLite has to have encoded.
const URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// Lets the owner alone into folders that are made.
fn private(folders: &mut std::fs::DirBuilder) -> &mut std::fs::DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(folders, 0o700);
    folders
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

    /// A file that is only read is opened anew for each job, because a server may begin to write it
    /// between two.
    fn is_broken(&self, conn: &mut SqliteConnection) -> bool {
        self.is_read_only() || AnsiTransactionManager::is_broken_transaction_manager(conn)
    }
}
