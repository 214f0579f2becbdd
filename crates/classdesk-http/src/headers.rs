//! What the headers of a request say.

use actix_web::http::header::{self, AsHeaderName, HeaderMap};
use encoding_rs::{Encoding, UTF_8};

use crate::parameters::Parameters;
use crate::problem::Problem;

/// The value of a header that is there exactly once, if it is ASCII.
pub fn single_header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The media type of the body, if there is exactly one.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<Parameters> {
    Parameters::parse(single_header(headers, header::CONTENT_TYPE)?.as_bytes())
}

/// Whether the body is announced as JSON in UTF-8, by any of the names that UTF-8 has.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| {
        let charset = media.get("charset").map(Encoding::for_label);
        media.value == "application/json" && charset.is_none_or(|charset| charset == Some(UTF_8))
    })
}

/// Checks that the body comes as it is: no operation takes a packed one.
///
/// # Errors
/// 415 with the header `Accept-Encoding` (RFC 9110, section 15.5.16).
pub fn check_content_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |coding: &[u8]| {
        let coding = coding.trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    };
    let mut values = headers.get_all(header::CONTENT_ENCODING);
    if values.all(|value| value.as_bytes().split(|b| *b == b',').all(is_plain)) {
        return Ok(());
    }
    let problem = Problem::unsupported_media_type("a body without `Content-Encoding`");
    Err(problem.with_header(header::ACCEPT_ENCODING, "identity"))
}

/// How long the body is, if the request says so.
#[must_use]
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    single_header(headers, header::CONTENT_LENGTH)?.parse().ok()
}
