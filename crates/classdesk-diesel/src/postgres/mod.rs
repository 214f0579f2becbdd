//! PostgreSQL: a bounded set of threads, each with a connection of its own.

mod dialect;
#[path = "../shared/mod.rs"]
pub(crate) mod shared;
pub(crate) mod types;

use std::sync::Arc;
use std::time::Duration;

use classdesk_domain::store::{Outage, StoreError, Unique};
use diesel::connection::{AnsiTransactionManager, CacheSize, SimpleConnection, TransactionManager};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::error::{ConnectError, Failure, outage};
use crate::figures::StoreFigures;
use crate::migrations::{self, MigrationStatus};
use crate::options::StoreOptions;
use crate::pool::{Link, Pool};
use crate::url::without_password;

pub(crate) type Conn = PgConnection;

static MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock that whoever migrates holds: `classdesk` as a number.
const MIGRATION_LOCK: i64 = 0x636c_6173_7364_6573;

/// A server and how its connections are set up.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    url: String,
    statement_timeout: Duration,
    lock_timeout: Duration,
}

impl Server {
    pub(crate) fn new(url: &str, options: &StoreOptions) -> Self {
        Self {
            url: with_timeouts(url, options),
            statement_timeout: options.statement_timeout,
            lock_timeout: options.lock_timeout,
        }
    }

    fn migrating(&self) -> Result<PgConnection, ConnectError> {
        let mut conn = self.connect()?;
        // Somebody else's migration may take longer than a request may; so may ours.
        conn.batch_execute(&format!(
            "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK});"
        ))
        .map_err(|error| ConnectError::Migration(error.into()))?;
        Ok(conn)
    }

    pub(crate) fn migrate(&self) -> Result<Vec<String>, ConnectError> {
        // The lock ends with the connection.
        let mut conn = self.migrating()?;
        conn.transaction(|conn| migrations::run(conn, &MIGRATIONS))
            .map_err(migrations::Stop::into_error)
    }

    /// Takes back the newest `count` migrations.
    pub(crate) fn revert(&self, count: usize) -> Result<Vec<String>, ConnectError> {
        let mut conn = self.migrating()?;
        conn.transaction(|conn| migrations::revert(conn, &MIGRATIONS, count))
            .map_err(migrations::Stop::into_error)
    }

    pub(crate) fn pending(&self) -> Result<usize, ConnectError> {
        migrations::pending(&mut self.connect()?, &MIGRATIONS).map_err(migrations::Stop::into_error)
    }

    pub(crate) fn status(&self) -> Result<Vec<MigrationStatus>, ConnectError> {
        migrations::status(&mut self.connect()?, &MIGRATIONS)
    }
}

/// The URL with limits for connecting and for a server that went silent, where it names none.
fn with_timeouts(url: &str, options: &StoreOptions) -> String {
    let silence = options.statement_timeout + options.connect_timeout;
    let limits = [
        // libpq counts in whole seconds and takes less than two for two.
        (
            "connect_timeout",
            options.connect_timeout.as_secs().max(2).to_string(),
        ),
        ("tcp_user_timeout", silence.as_millis().to_string()),
        ("keepalives_idle", silence.as_secs().max(1).to_string()),
        ("application_name", "classdesk".to_owned()),
    ];
    let mut url = url.to_owned();
    for (name, value) in limits {
        if !url.contains(&format!("{name}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={value}"));
        }
    }
    url
}

impl Link for Server {
    type Conn = PgConnection;

    fn connect(&self) -> Result<PgConnection, ConnectError> {
        let unreachable =
            |source: Box<dyn std::error::Error + Send + Sync>| ConnectError::Unreachable {
                server: without_password(&self.url),
                source,
            };
        let mut conn =
            PgConnection::establish(&self.url).map_err(|error| unreachable(error.into()))?;
        let settings = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET synchronous_commit = on; \
             SET timezone = 'UTC'; SET client_min_messages = warning;",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            (self.statement_timeout + self.lock_timeout).as_millis(),
        );
        conn.batch_execute(&settings)
            .map_err(|error| unreachable(error.into()))?;
        conn.set_prepared_statement_cache_size(CacheSize::Unbounded);
        Ok(conn)
    }

    /// Diesel passes on which constraint failed and whether the connection is gone, but of
    /// everything else only the message, which a server may translate. That a limit was passed is
    /// told from the time instead.
    fn classify(&self, failure: Failure, took: Duration) -> StoreError {
        let error = match failure {
            Failure::Refused(error) => return error,
            Failure::Database(error) => error,
        };
        match &error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                StoreError::Duplicate(Unique::Other)
            }
            // What the row links to is gone.
            Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => StoreError::Stale,
            Error::DatabaseError(
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            ) => outage(Outage::Busy, error),
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            )
            | Error::BrokenTransactionManager => outage(Outage::Disconnected, error),
            Error::DatabaseError(DatabaseErrorKind::Unknown, _)
                if took >= self.statement_timeout =>
            {
                outage(Outage::TimedOut, error)
            }
            Error::DatabaseError(DatabaseErrorKind::Unknown, _) if took >= self.lock_timeout => {
                outage(Outage::Busy, error)
            }
            Error::DeserializationError(_) | Error::NotFound => StoreError::Corrupt {
                what: "row",
                source: Some(error.into()),
            },
            _ => StoreError::Backend(error.into()),
        }
    }

    fn is_broken(&self, conn: &mut PgConnection) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(conn)
    }
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
        self.pool
            .run(|conn| {
                conn.build_transaction()
                    .repeatable_read()
                    .read_only()
                    .run(job)
            })
            .await
    }

    /// Runs a change as a transaction of its own.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.pool.run(|conn| conn.transaction(job)).await
    }

    pub(crate) fn figures(&self) -> StoreFigures {
        StoreFigures {
            pool: self.pool.figures(),
            writer: None,
        }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}
