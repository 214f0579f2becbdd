//! What a host or operator chooses.

use std::fmt;
use std::num::NonZero;
use std::time::Duration;

use actix_web::http::Uri;
use ipnet::IpNet;

use crate::cors::AllowedOrigin;

/// The settings of an [`HttpState`](crate::HttpState).
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address below which clients reach the server, for links and file URLs.
    pub public_url: PublicUrl,
    /// How long a JSON body may take to arrive, and an upload may stand still.
    pub body_timeout: Duration,
    /// How many requests are worked on at once. Further ones wait for a second and are then
    /// answered 503. Those do not count that wait for their body or send a stream.
    pub max_concurrent_requests: usize,
    /// How many bodies of people who have signed in arrive at once, and as many of others. A person
    /// or, without a sign-in, a network has a quarter. At the limit the one that has been arriving
    /// for longest is answered 503.
    pub max_arriving_bodies: usize,
    /// The greatest size of all headers of a request together, in bytes.
    pub max_header_bytes: usize,
    /// The greatest size of path and query together, in bytes.
    pub max_uri_bytes: usize,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Other origins whose pages may use the server.
    pub cors_origins: Vec<AllowedOrigin>,
}

impl Settings {
    /// How many requests are worked on at once for each thread that serves requests, unless the
    /// settings say otherwise.
    pub const CONCURRENT_REQUESTS_OF_A_WORKER: usize = 16;

    /// Settings for a server that clients reach below `public_url`.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            body_timeout: Duration::from_secs(30),
            max_concurrent_requests: Self::CONCURRENT_REQUESTS_OF_A_WORKER
                * std::thread::available_parallelism().map_or(2, NonZero::get),
            max_arriving_bodies: 512,
            max_header_bytes: 32 * 1024,
            max_uri_bytes: 8 * 1024,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
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
