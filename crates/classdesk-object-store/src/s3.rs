//! An S3 bucket: connecting, and whether it can be written.

use std::sync::{Arc, Once};
use std::time::Duration;

use classdesk_domain::blobs::BlobError;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::failure::{self, Operation};
use crate::options::ObjectStoreOptions;

/// The key of the multipart upload that [`S3Bucket::ping`] begins and aborts.
pub(crate) const PROBE: &str = "classdesk-probe";

/// Nothing says how to sign in.
#[derive(Debug, thiserror::Error)]
#[error("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
struct NoCredentials;

/// A bucket and the prefix of its keys.
#[derive(Debug, Clone)]
pub(crate) struct S3Bucket {
    pub(crate) s3: Arc<AmazonS3>,
    pub(crate) prefix: Path,
    /// For the requests that the library has no method for.
    pub(crate) client: reqwest::Client,
}

impl S3Bucket {
    pub(crate) fn open(
        name: &str,
        prefix: &str,
        options: &ObjectStoreOptions,
    ) -> Result<Self, BlobError> {
        if !options.s3.name_credentials() {
            return Err(BlobError::Denied(NoCredentials.into()));
        }
        install_crypto_provider();
        let s3 = builder(options)
            .with_bucket_name(name)
            .build()
            .map_err(|error| failure::of_store(error, Operation::Write))?;
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(options.request_timeout)
            .build()
            .map_err(|error| BlobError::Backend(error.into()))?;
        Ok(Self {
            s3: Arc::new(s3),
            prefix: Path::parse(prefix).map_err(|error| BlobError::Backend(error.into()))?,
            client,
        })
    }

    /// The objects below the prefix.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(Arc::clone(&self.s3), self.prefix.clone()))
    }

    /// Begins a multipart upload and aborts it: it needs the right to write, and leaves nothing.
    pub(crate) async fn ping(&self) -> Result<(), BlobError> {
        let probe = self.prefix.clone().join(PROBE);
        let failed = |error| failure::of_store(error, Operation::Write);
        let id = self.s3.create_multipart(&probe).await.map_err(failed)?;
        let aborted = self.s3.abort_multipart(&probe, &id).await;
        aborted.map_err(failed)
    }
}

fn builder(options: &ObjectStoreOptions) -> AmazonS3Builder {
    let client = ClientOptions::new()
        // A transfer as a whole may take any time; standing still may not.
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(5))
        .with_read_timeout(options.request_timeout);
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 6,
        retry_timeout: options.retry_for,
    };
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client)
        .with_retry(retry)
        // Not every server that speaks S3 deletes in bulk.
        .with_disable_bulk_delete(true);
    for (key, value) in options.s3.iter() {
        builder = builder.with_config(key, value);
    }
    let endpoint = builder
        .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
        .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    builder
}

/// TLS takes its cryptography from ring, unless the program has chosen already.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only when another thread was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}
