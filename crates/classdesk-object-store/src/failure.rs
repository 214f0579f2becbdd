//! From the errors of the library and the system to the domain's, by kind.

use std::error::Error as StdError;
use std::io;

use classdesk_domain::blobs::BlobError;
use object_store::Error;
use object_store::client::HttpError;

/// What was being done when something was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Reading an object that should be there: then it is the object that is missing.
    Read,
    /// Anything else: then it is the bucket or folder.
    Write,
}

/// Classifies an error of the library.
pub(crate) fn of_store(error: Error, operation: Operation) -> BlobError {
    match error {
        Error::NotFound { .. } if operation == Operation::Read => BlobError::Missing,
        Error::NotFound { .. } => BlobError::NoSuchBucket(error.into()),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            BlobError::Denied(error.into())
        }
        Error::Generic { store, .. } => {
            let local = store == "LocalFileSystem";
            if let Some(kind) = find::<io::Error>(&error).map(io::Error::kind)
                && let Some(found) = of_kind(kind, operation)
            {
                return found(error.into());
            }
            if is_full(&error) {
                return BlobError::NoSpace(error.into());
            }
            // What an S3 server answers beyond this is an outage of its own or of the network.
            if !local || find::<HttpError>(&error).is_some() {
                BlobError::Unavailable(error.into())
            } else {
                BlobError::Backend(error.into())
            }
        }
        other => BlobError::Backend(other.into()),
    }
}

/// Whether an S3 server said that it is full (507, RFC 4918 section 11.5), as MinIO and Ceph do. The
/// library keeps the status of an answer to itself, and shows it in its text alone.
fn is_full(error: &Error) -> bool {
    error.to_string().contains("code: 507 Insufficient Storage")
}

/// Classifies an error of the file system.
pub(crate) fn of_io(error: io::Error, operation: Operation) -> BlobError {
    if error.kind() == io::ErrorKind::NotFound && operation == Operation::Read {
        return BlobError::Missing;
    }
    match of_kind(error.kind(), operation) {
        Some(found) => found(error.into()),
        None => BlobError::Backend(error.into()),
    }
}

type FromCause = fn(classdesk_domain::store::Cause) -> BlobError;

fn of_kind(kind: io::ErrorKind, operation: Operation) -> Option<FromCause> {
    use io::ErrorKind as Kind;
    match kind {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Some(BlobError::NoSpace),
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Some(BlobError::Denied),
        Kind::NotFound | Kind::NotADirectory if operation == Operation::Write => {
            Some(BlobError::NoSuchBucket)
        }
        Kind::TimedOut
        | Kind::ConnectionRefused
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::NotConnected
        | Kind::BrokenPipe
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::StaleNetworkFileHandle => Some(BlobError::Unavailable),
        _ => None,
    }
}

/// Looks for an error of a type among an error and its causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
