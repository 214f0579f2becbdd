//! An S3 server on a folder, for tests: the real protocol over loopback, with signatures checked.
//!
//! Tests that talk to S3 start one of these, so that what they test is S3 and not a mock. As a
//! program (`s3-test-server`) it serves the same to another process. It never leaves loopback and
//! is no server to keep anything in: `s3s-fs`, on which it rests, calls itself experimental.
//!
//! ```
//! use classdesk_s3_test_server::S3TestServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), classdesk_s3_test_server::StartError> {
//! let server = S3TestServer::start().await?;
//! server.create_bucket("files")?;
//! assert!(server.endpoint().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod files;
mod server;

pub use server::{S3TestServer, StartError};
