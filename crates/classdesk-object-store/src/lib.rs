//! The domain's [`BlobStore`](classdesk_domain::blobs::BlobStore) on a local folder or an S3
//! bucket, by way of the crate `object_store`.
//!
//! - **In**: a stream is hashed, counted and split into parts while it passes, so that memory stays
//!   flat. An acknowledged upload is durable: on a folder, the file and its folder were fsynced; on
//!   S3, the multipart upload was completed. Nothing of an abandoned upload is ever readable.
//! - **Out**: a whole object ends in an error when its size or digest is not the permit's. A range
//!   ends in an error when bytes are missing.
//! - **On a folder**, only this program should be able to write.
//!
//! This crate never decides who may read: [`open`](classdesk_domain::blobs::BlobStore::open) takes
//! a permit that the domain's policy alone makes. It never sees a client's file name, never reads
//! the environment, and knows no rows.
//!
//! ```
//! use bytes::Bytes;
//! use classdesk_domain::blobs::{BlobPurpose, BlobStore, StorageKey};
//! use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, StorageLocation};
//! use futures_util::stream;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let location = StorageLocation::Folder(folder.path().to_owned());
//! let blobs = ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default()).await?;
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

mod archive;
mod backend;
mod download;
mod failure;
mod local;
mod location;
mod media_type;
mod multipart_cleanup;
mod options;
mod s3;
mod store;
mod upload;

pub use location::{LocationError, StorageLocation};
pub use options::{ObjectStoreOptions, S3Variables};
pub use store::{ConnectError, ObjectStoreBlobs};
