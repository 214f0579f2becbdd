//! An S3 bucket: connecting, listing, and what was never finished.

use std::sync::{Arc, Once};
use std::time::Duration;

use classdesk_domain::blobs::{BlobError, ListedObject, ObjectPage, StorageKey};
use classdesk_domain::clock::Timestamp;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::failure::{self, Doing};
use crate::options::ObjectStoreOptions;
use crate::unfinished::UnfinishedUploads;

/// The key of the multipart upload that [`Bucket::ping`] begins and gives up.
const PROBE: &str = "classdesk-probe";
/// How many pages of unfinished uploads are looked at in one round.
const UNFINISHED_PAGES: usize = 100;

/// Nothing says how to sign in.
#[derive(Debug, thiserror::Error)]
#[error("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
struct NoCredentials;

/// A bucket and the prefix of its keys.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    s3: Arc<AmazonS3>,
    prefix: Path,
    requests: reqwest::Client,
}

impl Bucket {
    pub(crate) fn open(
        name: &str,
        prefix: &str,
        options: &ObjectStoreOptions,
    ) -> Result<Self, BlobError> {
        if !options.s3.name_credentials() {
            return Err(BlobError::Denied(NoCredentials.into()));
        }
        let backend = |error| failure::of_store(error, Doing::Writing);
        choose_tls();
        let client = ClientOptions::new()
            // An upload or download as a whole may take any time; not getting on may not.
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
        let s3 = builder.with_bucket_name(name).build().map_err(backend)?;
        let requests = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(options.request_timeout)
            .build()
            .map_err(|error| BlobError::Backend(error.into()))?;
        Ok(Self {
            s3: Arc::new(s3),
            prefix: Path::parse(prefix).map_err(|error| BlobError::Backend(error.into()))?,
            requests,
        })
    }

    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.s3) as _
    }

    /// Where a key or a listed path is in the bucket.
    pub(crate) fn location(&self, path: &str) -> Result<Path, BlobError> {
        let within = Path::parse(path).map_err(|error| BlobError::Backend(error.into()))?;
        Ok(self.prefix.parts().chain(within.parts()).collect())
    }

    /// A listed location without the prefix.
    fn within<'a>(&self, location: &'a str) -> Option<&'a str> {
        let rest = location.strip_prefix(self.prefix.as_ref())?;
        if self.prefix.as_ref().is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('/')
        }
    }

    pub(crate) async fn list(
        &self,
        objects: &dyn ObjectStore,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ObjectPage, BlobError> {
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        let listing = match after {
            Some(after) => objects.list_with_offset(prefix, &self.location(after)?),
            None => objects.list(prefix),
        };
        let mut found: Vec<ListedObject> = listing
            .map_err(|error| failure::of_store(error, Doing::Writing))
            .try_filter_map(async |meta| {
                Ok(self
                    .within(meta.location.as_ref())
                    .map(|path| ListedObject {
                        path: path.to_owned(),
                        size: meta.size,
                        modified_at: Timestamp::from_micros(meta.last_modified.timestamp_micros()),
                    }))
            })
            .take(limit + 1)
            .try_collect()
            .await?;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(ObjectPage {
            objects: found,
            more,
        })
    }

    /// Begins a multipart upload and gives it up: it needs the right to write, and leaves nothing.
    pub(crate) async fn ping(&self) -> Result<(), BlobError> {
        let location = self.location(PROBE)?;
        let writing = |error| failure::of_store(error, Doing::Writing);
        let id = self.s3.create_multipart(&location).await.map_err(writing)?;
        let aborted = self.s3.abort_multipart(&location, &id).await;
        aborted.map_err(writing)
    }

    /// Gives up multipart uploads of ours that were begun before an instant. A server that can't
    /// list them has a rule of its own for what is never finished.
    pub(crate) async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        let mut given_up = 0;
        let mut marker = None;
        for _ in 0..UNFINISHED_PAGES {
            let Some(page) = self.unfinished(marker).await? else {
                return Ok(given_up);
            };
            for upload in &page.uploads {
                if upload.begun_before(before) && self.is_ours(&upload.key) {
                    let location = Path::parse(&upload.key)
                        .map_err(|error| BlobError::Backend(error.into()))?;
                    match self.s3.abort_multipart(&location, &upload.upload_id).await {
                        Ok(()) => given_up += 1,
                        // Another replica was faster, or it was finished after all.
                        Err(object_store::Error::NotFound { .. }) => {}
                        Err(error) => return Err(failure::of_store(error, Doing::Writing)),
                    }
                }
            }
            marker = page.next();
            if marker.is_none() {
                break;
            }
        }
        Ok(given_up)
    }

    fn is_ours(&self, location: &str) -> bool {
        self.within(location)
            .is_some_and(|path| path == PROBE || StorageKey::parse(path).is_some())
    }

    /// One page of unfinished uploads; `None` when the server does not know the question.
    async fn unfinished(
        &self,
        marker: Option<(String, String)>,
    ) -> Result<Option<UnfinishedUploads>, BlobError> {
        let unavailable =
            |error: reqwest::Error| BlobError::Unavailable(error.without_url().into());
        let mut query = vec![("uploads".to_owned(), String::new())];
        if !self.prefix.as_ref().is_empty() {
            query.push(("prefix".to_owned(), format!("{}/", self.prefix)));
        }
        if let Some((key, id)) = marker {
            query.push(("key-marker".to_owned(), key));
            query.push(("upload-id-marker".to_owned(), id));
        }
        let url = self
            .s3
            .signed_url_opts(
                Method::GET,
                &Path::default(),
                Duration::from_secs(60),
                &SignedUrlOptions::new().with_query(query),
            )
            .await
            .map_err(|error| failure::of_store(error, Doing::Writing))?;
        let answer = self.requests.get(url).send().await.map_err(unavailable)?;
        match answer.status().as_u16() {
            200 => {
                let text = answer.text().await.map_err(unavailable)?;
                UnfinishedUploads::read(&text)
                    .map(Some)
                    .map_err(|error| BlobError::Backend(error.into()))
            }
            405 | 501 => Ok(None),
            status => {
                let cause = format!("listing unfinished uploads was answered with {status}").into();
                Err(match status {
                    401 | 403 => BlobError::Denied(cause),
                    404 => BlobError::NoSuchBucket(cause),
                    _ => BlobError::Unavailable(cause),
                })
            }
        }
    }
}

/// The TLS library takes its cryptography from ring, unless the program has chosen already.
fn choose_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing a race means that somebody else has chosen.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}
