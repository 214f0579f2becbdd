//! Which database a URL names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::ConnectError;
use crate::postgres::address::Address;

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
    Postgres(Box<Address>),
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
            return Ok(Self(Kind::Postgres(Box::new(Address::parse(url)?))));
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

/// The URL without the password of its authority and without its parameters, either of which may
/// be secret.
pub(crate) fn without_password(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}{path}")
        }
        None => url.to_owned(),
    }
}
