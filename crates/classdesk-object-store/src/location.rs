//! Where bytes are kept, as a URL names it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where bytes are kept.
///
/// ```
/// use classdesk_object_store::StorageLocation;
///
/// let folder: StorageLocation = "file://classdesk-data/files".parse()?;
/// assert_eq!(folder, StorageLocation::Folder("classdesk-data/files".into()));
/// let bucket: StorageLocation = "s3://school/classdesk".parse()?;
/// assert_eq!(bucket.to_string(), "s3://school/classdesk");
/// # Ok::<_, classdesk_object_store::LocationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageLocation {
    /// A local folder: `file://relative/path` or `file:///absolute/path`. What follows `file://`
    /// is the path as it is; nothing in it is percent-decoded.
    Folder(PathBuf),
    /// A bucket: `s3://bucket` or `s3://bucket/prefix`.
    Bucket {
        /// The bucket's name.
        name: String,
        /// What every key begins with, without slashes at its ends; empty for none.
        prefix: String,
    },
}

impl FromStr for StorageLocation {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, LocationError> {
        if let Some(path) = url.strip_prefix("file://") {
            if path.is_empty() || path.contains('\0') {
                return Err(LocationError::NoFolder);
            }
            return Ok(Self::Folder(PathBuf::from(path)));
        }
        let Some(rest) = url.strip_prefix("s3://") else {
            return Err(LocationError::Scheme);
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if !(3..=255).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(LocationError::Bucket);
        }
        let prefix = object_store::path::Path::parse(prefix).map_err(LocationError::Prefix)?;
        Ok(Self::Bucket {
            name: name.to_owned(),
            prefix: prefix.into(),
        })
    }
}

impl StorageLocation {
    /// The folder's path, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Bucket { .. } => None,
        }
    }
}

impl fmt::Display for StorageLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file://{}", path.display()),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// Why a URL names no storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// It begins with neither `file://` nor `s3://`.
    #[error("a storage URL begins with file:// or s3://")]
    Scheme,
    /// There is no path after `file://`.
    #[error("a storage URL needs a folder after file://")]
    NoFolder,
    /// The bucket's name is none.
    #[error("a bucket's name has 3 to 255 letters, digits, dots, hyphens and underscores")]
    Bucket,
    /// The prefix has parts that no key has.
    #[error("the prefix after the bucket is no key prefix")]
    Prefix(#[source] object_store::path::Error),
}
