//! What an embedder or operator chooses about the shell.

use std::fmt;
use std::time::Duration;

use actix_web::http::Uri;
use ipnet::IpNet;

/// The greatest JSON body, in bytes (spec section 6, "Limits").
pub const JSON_LIMIT: usize = 256 * 1024;

/// The settings of a [`Shell`](crate::Shell).
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address below which clients reach the shell, for links and file URLs.
    pub public_url: PublicUrl,
    /// How long a JSON body may take to arrive, and a larger one may stand still.
    pub body_timeout: Duration,
    /// How many requests are worked on at once; more are answered 503.
    pub max_in_flight: usize,
    /// The greatest size of all headers of a request together, in bytes.
    pub max_header_bytes: usize,
    /// The greatest size of path and query together, in bytes.
    pub max_uri_bytes: usize,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether `/metrics` is served here; `false` when it has a bind of its own.
    pub serves_metrics: bool,
}

impl Settings {
    /// Settings for a shell that clients reach below `public_url`.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            body_timeout: Duration::from_secs(30),
            max_in_flight: 1024,
            max_header_bytes: 32 * 1024,
            max_uri_bytes: 8 * 1024,
            trusted_proxies: Vec::new(),
            serves_metrics: true,
        }
    }
}

/// An absolute `http` or `https` URL without query and fragment, kept without its last slash.
///
/// ```
/// use classdesk_http::PublicUrl;
///
/// let url = PublicUrl::parse("https://desk.example.com/classdesk/").unwrap();
/// assert_eq!(url.to_string(), "https://desk.example.com/classdesk");
/// assert!(PublicUrl::parse("desk.example.com").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is no [`PublicUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an absolute http or https URL without query and fragment")]
pub struct InvalidPublicUrl(String);

impl PublicUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let invalid = || InvalidPublicUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let absolute = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty());
        if absolute && uri.query().is_none() && !text.contains('#') {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(invalid())
        }
    }

    /// The URL of a path that begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
