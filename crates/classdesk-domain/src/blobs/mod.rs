//! Stored bytes: how an upload becomes durable, and permits for reading it.
//!
//! An upload has three steps. A `pending` row names a fresh key; the bytes are made durable under
//! that key; one transaction turns the row `stored` together with the record that owns it. What
//! stays `pending` for a day and what is `deleted` is swept: first the bytes, then the row.

pub(crate) mod file_name;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use file_name::FileName;
pub use model::{
    BlobInfo, BlobPurpose, BlobState, ContentType, FileInfo, FinishedUpload, Sha256Digest,
    StorageKey, StoredBlob, UPLOAD_GRACE,
};
pub use ports::{
    BlobError, BlobRepository, BlobStore, ByteRange, ByteStream, LeasedBlob, ListedObject, NewBlob,
    ObjectStream, StoredBlobRow,
};
#[cfg(feature = "mocks")]
pub use ports::{MockBlobRepository, MockBlobStore};
pub use service::{Download, Downloads, UploadPermit, UploadTarget, Uploads};
