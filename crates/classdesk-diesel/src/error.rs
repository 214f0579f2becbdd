//! How connecting, migrating and a single job fail.

use std::path::PathBuf;

use classdesk_domain::store::{Cause, Outage, StoreError, Unique};
use diesel::result::{DatabaseErrorKind, Error};

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is of no database that is known here.
    #[error("`{url}` is no database URL: expected sqlite://PATH or postgres://…")]
    UnknownScheme {
        /// The URL, without its password.
        url: String,
    },
    /// The URL names no file.
    #[error("`{url}` names no database file")]
    NoPath {
        /// The URL.
        url: String,
    },
    /// The folder of the database file can't be created or written.
    #[error("the folder {} can't be written", folder.display())]
    UnwritableFolder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The file is there but can't be opened as a database.
    #[error("the database file {} can't be opened", path.display())]
    UnusableFile {
        /// The file.
        path: PathBuf,
        /// The database's own error.
        #[source]
        source: Cause,
    },
    /// The URL has a part that means nothing.
    #[error("`{url}` can't be used as a database URL")]
    UnusableUrl {
        /// The URL, without its secrets.
        url: String,
        /// What is wrong with it.
        #[source]
        source: Cause,
    },
    /// The certificates that a server is checked against can't be had.
    #[error("the certificates for checking the database server can't be read")]
    Certificates(#[source] Cause),
    /// The server does not let us in: the user or the password is wrong.
    #[error("the database at {server} does not let this user in")]
    Denied {
        /// The URL, without its secrets.
        server: String,
        /// What the server said.
        #[source]
        source: Cause,
    },
    /// The server does not answer, or does not have the database.
    #[error("the database at {server} can't be reached")]
    Unreachable {
        /// Host and database, without the password.
        server: String,
        /// What the server or the network said, the reason included.
        #[source]
        source: Cause,
    },
    /// The schema was made by a newer program.
    #[error(
        "the database has the migration {migration}, which this program does not know: it was made by a newer one"
    )]
    NewerSchema {
        /// The first migration that is not known.
        migration: String,
    },
    /// The schema is older than the program needs.
    #[error("the database lacks {pending} migration(s): run `classdesk migrate`")]
    PendingMigrations {
        /// How many are missing.
        pending: usize,
    },
    /// A migration failed, or the lock for migrating was not to be had.
    #[error("the database could not be migrated")]
    Migration(#[source] Cause),
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// How a job on a connection ends without success: by a refusal of ours or a failure of the
/// database, which only the database's own module can classify.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(StoreError),
    Database(Error),
}

impl Failure {
    /// A stored word or number that this program never wrote.
    pub(crate) fn corrupt(what: &'static str) -> Self {
        Self::Refused(StoreError::Corrupt { what, source: None })
    }

    /// A precondition does not hold.
    pub(crate) const STALE: Self = Self::Refused(StoreError::Stale);

    /// Says what it means. What only one database says is left to its own module.
    pub(crate) fn classify(self, own: impl FnOnce(Error) -> StoreError) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Database(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                StoreError::Duplicate(Unique::Other)
            }
            // What the row links to is gone.
            Self::Database(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
                StoreError::Stale
            }
            Self::Database(error @ (Error::DeserializationError(_) | Error::NotFound)) => {
                StoreError::Corrupt {
                    what: "row",
                    source: Some(error.into()),
                }
            }
            Self::Database(error) => own(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// An outage with the error that told of it.
pub(crate) fn outage(outage: Outage, source: impl Into<Cause>) -> StoreError {
    StoreError::Unavailable {
        outage,
        source: Some(source.into()),
    }
}
