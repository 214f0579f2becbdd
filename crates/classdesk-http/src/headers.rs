//! What the headers of a request say.

use actix_web::http::header::{self, AsHeaderName, HeaderMap};
use mime::Mime;

/// The value of a header that is there exactly once, if it is ASCII.
pub fn single_header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The media type of the body, if there is exactly one.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<Mime> {
    single_header(headers, header::CONTENT_TYPE)?.parse().ok()
}

/// How long the body is, if the request says so.
#[must_use]
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    single_header(headers, header::CONTENT_LENGTH)?.parse().ok()
}
