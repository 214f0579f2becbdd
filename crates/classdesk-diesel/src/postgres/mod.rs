//! PostgreSQL: a bounded set of threads, each with a connection of its own.

mod column_types;
pub(crate) mod config;
mod connection;
mod dialect;
#[path = "../queries/mod.rs"]
pub(crate) mod queries;
#[path = "../rows/mod.rs"]
mod rows;
mod tls;
pub(crate) mod types;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use classdesk_domain::people::{SessionWithUser, TokenHash};
use classdesk_domain::store::{Cause, Outage, StoreError};
use diesel::Connection;
use diesel::connection::{
    CacheSize, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::migration::MigrationVersion;
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{ConnectError, Failure, outage};
use crate::migrations::{self, MigrationStatus, Stop};
use crate::options::StoreOptions;
use crate::pool::{ConnectionManager, Pool};
use crate::session_cache::Invalidate;
use crate::stats::StoreStats;

use config::PgConfig;
pub(crate) use connection::Conn;
use connection::Timeouts;

type Transactions = <Conn as Connection>::TransactionManager;

static MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock that a migrator holds: `classdesk` as a number.
const MIGRATION_LOCK: i64 = 0x636c_6173_7364_6573;

/// A server and how its connections are set up.
#[derive(Clone)]
pub(crate) struct Server {
    address: PgConfig,
    tls: MakeRustlsConnect,
    statement_timeout: Duration,
    lock_timeout: Duration,
    timeouts: Timeouts,
    is_read_only: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address.shown())
    }
}

impl Server {
    pub(crate) fn new(address: &PgConfig, options: &StoreOptions) -> Result<Self, ConnectError> {
        let address = address.clone().with_limits(options);
        let tls = tls::connector(address.trust()).map_err(ConnectError::Certificates)?;
        let timeouts = Timeouts {
            to_connect: address.connect_timeout(),
            // The server ends a statement before; this is for a server that ends nothing more.
            to_answer: options.statement_timeout + options.connect_timeout,
        };
        Ok(Self {
            address,
            tls,
            statement_timeout: options.statement_timeout,
            lock_timeout: options.lock_timeout,
            timeouts,
            is_read_only: false,
        })
    }

    /// The same server, of which nothing is changed.
    pub(crate) fn read_only(self) -> Self {
        Self {
            is_read_only: true,
            ..self
        }
    }

    /// Does something on a connection of its own that may take any time. A thread of its own does
    /// it, because this one may belong to a runtime.
    fn on_own_thread<T: Send>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, ConnectError> + Send,
    ) -> Result<T, ConnectError> {
        let unlimited = Self {
            timeouts: Timeouts {
                to_answer: Duration::MAX,
                ..self.timeouts
            },
            ..self.clone()
        };
        std::thread::scope(|scope| {
            let worker = std::thread::Builder::new()
                .name("postgres-blocking".to_owned())
                .spawn_scoped(scope, move || work(&mut unlimited.connect()?))
                .map_err(ConnectError::Thread)?;
            worker.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    /// The same for changes of the schema, one after the other.
    fn with_migration_lock<T: Send>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, ConnectError> + Send,
    ) -> Result<T, ConnectError> {
        self.on_own_thread(|conn| {
            // Another process's migration may take longer than a request may; so may ours. The lock
            // ends with the connection.
            conn.batch_execute(&format!(
                "SET statement_timeout = 0; SET lock_timeout = 0; \
                 SELECT pg_advisory_lock({MIGRATION_LOCK});"
            ))
            .map_err(|error| ConnectError::Migration(error.into()))?;
            work(conn)
        })
    }

    /// The same in one transaction.
    fn migrate_by<T: Send>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, Stop> + Send,
    ) -> Result<T, ConnectError> {
        self.with_migration_lock(|conn| conn.transaction(work).map_err(Stop::into_error))
    }

    pub(crate) fn migrate(&self) -> Result<Vec<String>, ConnectError> {
        self.migrate_by(|conn| migrations::run(conn, &MIGRATIONS))
    }

    /// Makes steps while there is something to do, each in a transaction of its own. Nothing is
    /// locked when there is nothing to do. A server that is only read stays as it is.
    pub(crate) fn repeat_while(
        &self,
        is_due: fn(&mut Conn) -> Result<bool, Failure>,
        step: fn(&mut Conn) -> Result<(), Failure>,
    ) -> Result<(), ConnectError> {
        if self.is_read_only {
            return Ok(());
        }
        let failed = |conn: &mut Conn, failure| {
            ConnectError::Migration(self.classify(conn, failure, Duration::ZERO).into())
        };
        let is_due = |conn: &mut Conn| is_due(conn).map_err(|failure| failed(conn, failure));
        if !self.on_own_thread(is_due)? {
            return Ok(());
        }
        self.with_migration_lock(|conn| {
            while is_due(conn)? {
                conn.transaction(step)
                    .map_err(|failure| failed(conn, failure))?;
            }
            Ok(())
        })
    }

    /// Takes back the newest `count` migrations.
    pub(crate) fn revert(&self, count: usize) -> Result<Vec<String>, ConnectError> {
        self.migrate_by(|conn| migrations::revert(conn, &MIGRATIONS, count))
    }

    fn applied(&self) -> Result<Vec<MigrationVersion<'static>>, ConnectError> {
        const FIND_TABLE: &str = "SELECT 'found' AS version \
             WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";
        self.on_own_thread(|conn| {
            migrations::applied(conn, FIND_TABLE)
                .map_err(|error| ConnectError::Migration(error.into()))
        })
    }

    pub(crate) fn pending(&self) -> Result<usize, ConnectError> {
        migrations::pending::<Pg>(&MIGRATIONS, self.applied()?)
    }

    pub(crate) fn status(&self) -> Result<Vec<MigrationStatus>, ConnectError> {
        migrations::status::<Pg>(&MIGRATIONS, self.applied()?)
    }

    /// Says why connecting failed.
    fn refusal(&self, error: Cause) -> ConnectError {
        let server = self.address.shown().to_owned();
        let code = error
            .downcast_ref::<tokio_postgres::Error>()
            .and_then(tokio_postgres::Error::code);
        if code == Some(&SqlState::INVALID_PASSWORD)
            || code == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
        {
            ConnectError::Denied {
                server,
                source: error,
            }
        } else {
            ConnectError::Unreachable {
                server,
                source: error,
            }
        }
    }

    /// Whether the server still answers. What it said last may have been that it hangs up.
    fn still_answers(conn: &mut Conn) -> bool {
        conn.batch_execute("").is_ok()
    }
}

impl ConnectionManager for Server {
    type Conn = Conn;

    fn connect(&self) -> Result<Conn, ConnectError> {
        let mut conn =
            connection::establish(self.address.config(), self.tls.clone(), self.timeouts)
                .map_err(|error| self.refusal(error))?;
        let settings = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET synchronous_commit = on; \
             SET client_min_messages = warning;{}",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            (self.statement_timeout + self.lock_timeout).as_millis(),
            if self.is_read_only {
                " SET default_transaction_read_only = on;"
            } else {
                ""
            },
        );
        conn.batch_execute(&settings)
            .map_err(|error| self.refusal(error.into()))?;
        conn.set_prepared_statement_cache_size(CacheSize::Unbounded);
        Ok(conn)
    }

    /// Diesel passes on which constraint failed and whether a statement could be sent, but of
    /// everything else only the message, which a server may translate. That the server hung up is
    /// found by asking it, and that a limit was passed is told from the time.
    fn classify(&self, conn: &mut Conn, failure: Failure, took: Duration) -> StoreError {
        let failure = match failure {
            // That taking back failed as well tells nothing more.
            Failure::Database(Error::RollbackErrorOnCommit { commit_error, .. }) => {
                Failure::Database(*commit_error)
            }
            failure => failure,
        };
        failure.classify(|error| match &error {
            Error::DatabaseError(
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            ) => outage(Outage::Busy, error),
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            )
            | Error::BrokenTransactionManager => outage(Outage::Disconnected, error),
            Error::DatabaseError(DatabaseErrorKind::Unknown, _) => {
                if !Self::still_answers(conn) {
                    outage(Outage::Disconnected, error)
                } else if took >= self.statement_timeout {
                    outage(Outage::TimedOut, error)
                } else if took >= self.lock_timeout {
                    outage(Outage::Busy, error)
                } else {
                    StoreError::Backend(error.into())
                }
            }
            _ => StoreError::Backend(error.into()),
        })
    }

    fn is_broken(&self, conn: &mut Conn) -> bool {
        Transactions::is_broken_transaction_manager(conn)
    }
}

/// Runs statements that read in a transaction of their own, which sees one state of the database.
fn in_snapshot<T>(
    conn: &mut Conn,
    job: impl FnOnce(&mut Conn) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Diesel's own way to begin such a transaction takes a statement more.
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let result = job(conn);
    if let Err(error) = conn.batch_execute("COMMIT") {
        // What this connection is in is not known.
        *Transactions::transaction_manager_status_mut(conn) = TransactionManagerStatus::InError;
        result?;
        return Err(error.into());
    }
    result
}

/// The threads of one server.
pub(crate) struct Database {
    pool: Pool<Server>,
}

impl Database {
    pub(crate) fn start(
        server: &Server,
        options: &StoreOptions,
    ) -> Result<Arc<Self>, ConnectError> {
        Ok(Arc::new(Self {
            pool: Pool::start("postgres", server.clone(), options)?,
        }))
    }

    /// Runs a single statement that reads.
    pub(crate) async fn read<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.pool.run(job).await
    }

    /// Runs statements that read and have to agree with each other.
    pub(crate) async fn snapshot<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.pool.run(|conn| in_snapshot(conn, job)).await
    }

    /// Runs a change as a transaction of its own.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.pool.run(|conn| conn.transaction(job)).await
    }

    /// Finds a session. Nothing is cached: other servers end sessions too.
    pub(crate) async fn find_session<F>(
        &self,
        _: TokenHash,
        job: F,
    ) -> Result<Option<SessionWithUser>, StoreError>
    where
        F: FnOnce(&mut Conn) -> Result<Option<SessionWithUser>, Failure> + Send + 'static,
    {
        self.read(job).await
    }

    /// Runs a change to sessions or the people who have them.
    pub(crate) async fn write_sessions<T, F>(&self, _: Invalidate, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.write(job).await
    }

    pub(crate) fn stats(&self) -> StoreStats {
        StoreStats {
            pool: self.pool.stats(),
            writer: None,
        }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}
