//! What an embedder or operator chooses about the shell.

use std::fmt;
use std::num::NonZero;
use std::time::Duration;

use actix_web::http::Uri;
use ipnet::IpNet;

/// The greatest JSON body, in bytes (docs/contract.md#text).
pub const JSON_LIMIT: usize = 256 * 1024;

/// The settings of a [`Shell`](crate::Shell).
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address below which clients reach the shell, for links and file URLs.
    pub public_url: PublicUrl,
    /// How long a JSON body may take to arrive, and a larger one may stand still.
    pub body_timeout: Duration,
    /// How many requests are taken in at once, those included that wait for their client, for a
    /// password hash or to be turned away; more are answered 503 at once.
    pub max_in_flight: usize,
    /// How many of them are worked on at once, and in a crowd one in sixteen of those, at least
    /// two. Who finds no place for a short time is answered 503.
    pub max_at_work: usize,
    /// How much memory the JSON bodies of all requests take, in bytes; the first 8 KiB of each
    /// do not count. What does not fit in is answered 503.
    pub max_body_bytes: usize,
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
    /// How many requests are worked on at once for each thread that serves requests, unless
    /// somebody says otherwise. In a crowd one of them is left, but never only one for all, since a
    /// write keeps it until it is durable.
    pub const PLACES_OF_A_WORKER: usize = 16;

    /// One place in so many is left in a crowd. Without one there is nobody whom few places would
    /// serve faster, and waiting in line costs a request about as much as the server's work for it.
    /// Whoever has to wait for a distant database wants to have so many places for each connection.
    pub const PLACES_FOR_ONE_IN_A_CROWD: usize = 16;

    /// Settings for a shell that clients reach below `public_url`.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            body_timeout: Duration::from_secs(30),
            max_in_flight: 4096,
            max_at_work: Self::PLACES_OF_A_WORKER
                * std::thread::available_parallelism().map_or(2, NonZero::get),
            max_body_bytes: 16 * 1024 * 1024,
            max_header_bytes: 32 * 1024,
            max_uri_bytes: 8 * 1024,
            trusted_proxies: Vec::new(),
            serves_metrics: true,
        }
    }
}

/// An absolute `http` or `https` URL without user, query and fragment, kept without its last
/// slash. Everybody gets to read it, so a password has no place in it.
///
/// ```
/// use classdesk_http::PublicUrl;
///
/// let url = PublicUrl::parse("https://desk.example.com/classdesk/").unwrap();
/// assert_eq!(url.to_string(), "https://desk.example.com/classdesk");
/// assert!(PublicUrl::parse("desk.example.com").is_err());
/// assert!(PublicUrl::parse("https://user:password@desk.example.com").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is no [`PublicUrl`]; it is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an absolute http or https URL without user, query and fragment")]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let absolute = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(|at| !at.as_str().contains('@'));
        if absolute && uri.query().is_none() && !text.contains('#') {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(InvalidPublicUrl)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_holds_no_secret_and_no_query() {
        for text in [
            "",
            "/desk",
            "desk.example.com",
            "ftp://desk.example.com",
            "https://",
            "https://user@desk.example.com",
            "https://user:password@desk.example.com",
            "https://:password@desk.example.com/desk",
            "https://desk.example.com/?a=b",
            "https://desk.example.com/#a",
        ] {
            assert_eq!(PublicUrl::parse(text), Err(InvalidPublicUrl), "{text}");
        }
        // After the host an @ is a part of the path.
        let url = PublicUrl::parse("http://desk.example.com:8080/@desk/").unwrap();
        assert_eq!(url.to_string(), "http://desk.example.com:8080/@desk");
    }
}
