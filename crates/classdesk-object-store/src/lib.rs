//! The domain's [`BlobStore`](classdesk_domain::blobs::BlobStore) on a local folder or an S3
//! bucket, by way of the crate `object_store`.
//!
//! - **In**: a stream is hashed, counted and looked at while it passes, in parts, so that memory
//!   stays flat. What was acknowledged is durable: on a folder the file and its folder were fsynced
//!   and renamed into place, on S3 the multipart upload was completed. What fails or is abandoned
//!   is given up, and nothing of it is ever readable.
//! - **Out**: a whole object ends in an error when its size or digest is not what the permit says,
//!   before its last chunk was handed out. A range ends in an error when bytes are lacking.
//!   What is small and fetched again within a minute comes from memory, for up to a minute.
//! - **On a folder**, symbolic links inside it are refused, and listings don't follow them. Its
//!   root may be one. Nobody but this program should be able to write there.
//!
//! This crate never decides who may read: [`open`](classdesk_domain::blobs::BlobStore::open) takes
//! a permit that the domain's policy alone makes. It never sees a client's file name, never reads
//! the environment, and knows no rows.
//!
//! ```
//! use bytes::Bytes;
//! use classdesk_domain::blobs::{BlobPurpose, BlobStore, StorageKey};
//! use classdesk_object_store::{ObjectBlobs, ObjectStoreOptions, StorageLocation};
//! use futures_util::stream;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let location = StorageLocation::Folder(folder.path().to_owned());
//! let blobs = ObjectBlobs::connect(&location, &ObjectStoreOptions::default()).await?;
//!
//! let key = StorageKey::fresh(BlobPurpose::BundleFile, [7; 32]);
//! let bytes = stream::iter([Ok(Bytes::from_static(b"%PDF-1.7 ..."))]);
//! let info = blobs.put(&key, Box::pin(bytes), 1_000_000).await?;
//! assert_eq!((info.size, info.content_type.as_str()), (12, "application/pdf"));
//!
//! blobs.delete(&key).await?;
//! # Ok(())
//! # }
//! ```

mod backend;
mod bucket;
mod download;
mod failure;
mod folder;
mod kept;
mod location;
mod options;
mod sniff;
mod store;
mod unfinished;
mod upload;
mod whole;

pub use location::{LocationError, StorageLocation};
pub use options::{ObjectStoreOptions, S3Variables};
pub use store::{ConnectError, ObjectBlobs};
