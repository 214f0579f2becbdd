//! What can be set about a storage.

use std::fmt;
use std::time::Duration;

use object_store::aws::AmazonS3ConfigKey;

/// What can be set about a storage besides where it is.
#[derive(Debug, Clone)]
pub struct ObjectStoreOptions {
    /// How to sign in to S3; not looked at for a folder.
    pub s3: S3Variables,
    /// Parts of uploads that are written at once, at least 1; further ones wait for their turn.
    /// Each has up to 1 MiB on a folder and up to 5 MiB on S3. Beside them, every upload holds the
    /// part that arrives.
    pub concurrent_writes: usize,
    /// How long one S3 request may take to answer before it counts as failed; also how long a
    /// download may wait for its next bytes, and a part of an upload for its turn.
    pub request_timeout: Duration,
    /// How long requests that are safe to repeat are repeated for, with growing pauses.
    pub retry_for: Duration,
}

impl Default for ObjectStoreOptions {
    /// No S3 variables, 32 parts written at once, 60 s for a request, 30 s of retries.
    fn default() -> Self {
        Self {
            s3: S3Variables::default(),
            concurrent_writes: 32,
            request_timeout: Duration::from_secs(60),
            retry_for: Duration::from_secs(30),
        }
    }
}

/// The usual `AWS_*` variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT`,
/// those of web identities and containers, and whatever else `object_store` knows by name.
///
/// They are handed in, never read from the environment here. Credentials have to be among them; a
/// machine whose metadata service hands them out says so with `AWS_METADATA_ENDPOINT`.
///
/// ```
/// use classdesk_object_store::S3Variables;
///
/// let variables = S3Variables::from_pairs([
///     ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
///     ("AWS_ACCESS_KEY_ID", "minio"),
///     ("AWS_SECRET_ACCESS_KEY", "secret"),
///     ("HOME", "/root"),
/// ]);
/// assert!(!format!("{variables:?}").contains("secret\""));
/// ```
#[derive(Clone, Default)]
pub struct S3Variables(Vec<(AmazonS3ConfigKey, String)>);

impl S3Variables {
    /// Keeps the variables that concern S3, in any order; others are left out. An empty value
    /// counts as not set.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let known = pairs.into_iter().filter_map(|(name, value)| {
            let (name, value) = (name.as_ref(), value.into());
            let key = name.starts_with("AWS_").then(|| name.to_ascii_lowercase());
            let key = key?.parse::<AmazonS3ConfigKey>().ok()?;
            (!value.is_empty()).then_some((key, value))
        });
        Self(known.collect())
    }

    /// Whether they say how to sign in, in any of the ways that there are. Without this the library
    /// would go looking for a metadata service on the network.
    pub(crate) fn name_credentials(&self) -> bool {
        use AmazonS3ConfigKey::{
            AccessKeyId, ContainerCredentialsFullUri, ContainerCredentialsRelativeUri,
            MetadataEndpoint, SkipSignature, WebIdentityTokenFile,
        };
        self.0.iter().any(|(key, _)| {
            matches!(
                key,
                AccessKeyId
                    | ContainerCredentialsFullUri
                    | ContainerCredentialsRelativeUri
                    | MetadataEndpoint
                    | SkipSignature
                    | WebIdentityTokenFile
            )
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (AmazonS3ConfigKey, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }
}

impl fmt::Debug for S3Variables {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(key, _)| key))
            .finish()
    }
}
