//! Pages of other origins (Fetch, section 3.3): which may use the server, and with what.
//!
//! A browser enforces all of it, by what each answer says. So a preflight is answered the same for
//! every path, before anything else is looked at. Nothing here is about credentials: the server
//! takes tokens in a header and never a cookie. It is said here and not by the library of actix: a
//! problem, a preflight and `Vary` are as everywhere else, with the id of the request.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, Uri};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// What a page may send.
const SENT: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, \
    Range, Last-Event-ID, X-Request-Id, Classdesk-Act-As";

/// What a page may read of an answer, besides what every page may.
const READ: &str = "ETag, Link, Location, Retry-After, Content-Disposition, Content-Range, \
    X-Request-Id, Idempotency-Replayed, Last-Event-ID";

/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// An origin whose pages may use the server, or every origin.
///
/// ```
/// use classdesk_http::AllowedOrigin;
///
/// assert!(AllowedOrigin::parse("https://app.example.com").is_ok());
/// assert!(AllowedOrigin::parse("http://localhost:3000").is_ok());
/// assert!(AllowedOrigin::parse("*").is_ok());
/// assert!(AllowedOrigin::parse("https://app.example.com/").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigin(HeaderValue);

/// A text that is no [`AllowedOrigin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected * or origins as browsers send them, with commas, such as https://app.example: in lower \
     case, without a path and without the usual port"
)]
pub struct InvalidOrigin;

impl AllowedOrigin {
    /// Checks an origin: it is compared byte by byte with what browsers send.
    ///
    /// # Errors
    /// [`InvalidOrigin`].
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let value = HeaderValue::from_str(text).map_err(|_| InvalidOrigin)?;
        if text == "*" {
            return Ok(Self(value));
        }
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let (scheme, host) = (uri.scheme_str(), uri.host().unwrap_or_default());
        let usual_port = match scheme {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(InvalidOrigin),
        };
        let port = uri.port_u16().filter(|port| *port != usual_port);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let serialized = format!("{}://{host}{port}", scheme.unwrap_or_default());
        let is_name = !host.is_empty() && !host.contains('*');
        if !is_name || serialized.to_ascii_lowercase() != text {
            return Err(InvalidOrigin);
        }
        Ok(Self(value))
    }

    fn allows(&self, origin: Option<&HeaderValue>) -> bool {
        self.0 == "*" || origin == Some(&self.0)
    }
}

/// What the answer to a request says about origins; nothing unless some are allowed.
pub(crate) struct Origins {
    are_told: bool,
    allowed: Option<HeaderValue>,
}

impl Origins {
    pub(crate) fn of(request: &HeaderMap, allowed: &[AllowedOrigin]) -> Self {
        let origin = request.get(header::ORIGIN);
        let found = allowed.iter().find(|one| one.allows(origin));
        Self {
            are_told: !allowed.is_empty(),
            allowed: found.map(|one| one.0.clone()),
        }
    }

    /// The answer to a question of a browser that precedes a request.
    pub(crate) fn answer_preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let headers = request.headers();
        let is_preflight = *request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        (self.are_told && is_preflight).then(|| {
            let mut response = HttpResponse::NoContent();
            if self.allowed.is_some() {
                response
                    .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
                    .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, SENT))
                    .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
            }
            response.finish()
        })
    }

    pub(crate) fn set_headers(&self, headers: &mut HeaderMap) {
        if self.are_told {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let read = HeaderValue::from_static(READ);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_browsers_send_it() {
        for text in [
            "*",
            "https://app.example",
            "http://localhost:3000",
            "https://[::1]:8443",
            "http://127.0.0.1:8080",
        ] {
            assert!(AllowedOrigin::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?a",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://app.example:",
            "https://user@app.example",
            "https://*.example",
            "ftp://app.example",
            "https://a.example https://b.example",
        ] {
            assert_eq!(AllowedOrigin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
