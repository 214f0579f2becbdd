//! Which database a URL names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread::available_parallelism;

use crate::error::ConnectError;
use crate::postgres::config::PgConfig;
use crate::redact::without_password;

/// A checked database URL: `sqlite://relative/path.db`, `sqlite:///absolute/path.db`, or what
/// libpq understands, `postgres://user:password@host/database?sslmode=verify-full`.
///
/// Its `Display` and `Debug` leave the password out.
///
/// ```
/// use classdesk_diesel::DatabaseUrl;
///
/// let url: DatabaseUrl = "postgres://desk:secret@db.example/classdesk".parse().unwrap();
/// assert_eq!(url.to_string(), "postgres://desk@db.example/classdesk");
/// assert!("mysql://localhost/x".parse::<DatabaseUrl>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite(PathBuf),
    Postgres(Box<PgConfig>),
}

impl DatabaseUrl {
    /// The database file, when it is a SQLite URL.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Sqlite(path) => Some(path),
            Kind::Postgres(_) => None,
        }
    }

    /// How many connections such a database makes use of.
    ///
    /// Reading SQLite keeps a processor busy, unless it waits for the disk. More readers than
    /// processors wait for each other, and one besides uses what another leaves.
    #[must_use]
    pub fn default_connections(&self) -> usize {
        match self.0 {
            Kind::Sqlite(_) => available_parallelism().map_or(1, usize::from) + 1,
            Kind::Postgres(_) => 8,
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = ConnectError;

    fn from_str(url: &str) -> Result<Self, ConnectError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() || path.ends_with('/') {
                return Err(ConnectError::NoPath {
                    url: url.to_owned(),
                });
            }
            return Ok(Self(Kind::Sqlite(PathBuf::from(path))));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self(Kind::Postgres(Box::new(PgConfig::parse(url)?))));
        }
        Err(ConnectError::UnknownScheme {
            url: without_password(url),
        })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Kind::Postgres(address) => f.write_str(address.shown()),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_the_connections_that_it_makes_use_of() {
        let connections = |url: &str| url.parse::<DatabaseUrl>().unwrap().default_connections();
        let processors = available_parallelism().unwrap().get();
        assert_eq!(connections("sqlite://desk.db"), processors + 1);
        assert_eq!(connections("postgres://desk@db.example/desk"), 8);
    }
}
