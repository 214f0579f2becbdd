//! What the headers of a request say.

use actix_web::http::header::{self, AsHeaderName, HeaderMap, Quality, QualityItem};
use actix_web::mime::{self, Mime};
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

/// Whether the body is announced as JSON lines.
#[must_use]
pub fn is_json_lines(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| {
        ["application/jsonl", "application/x-ndjson"].contains(&media.value.as_str())
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

/// The media type among those on offer that the client likes best; of equals the first. `None` when
/// it takes none of them. A client that says nothing, or nothing that can be read, takes all.
#[must_use]
pub fn preferred<'o>(headers: &HeaderMap, offers: &[&'o str]) -> Option<&'o str> {
    let values = headers.get_all(header::ACCEPT);
    let ranges: Vec<QualityItem<Mime>> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.trim().parse().ok())
        .collect();
    if ranges.is_empty() {
        return offers.first().copied();
    }
    // The range that names it most closely says how much it is liked (RFC 9110, section 12.5.1).
    let quality = |offer: &str| {
        let (kind, _) = offer.split_once('/').unwrap_or((offer, ""));
        let close = |range: &Mime| match (range.type_(), range.subtype()) {
            (mime::STAR, mime::STAR) => Some(0),
            (name, mime::STAR) if name == kind => Some(1),
            _ if range.essence_str() == offer => Some(2),
            _ => None,
        };
        let named = ranges
            .iter()
            .filter_map(|range| Some((close(&range.item)?, range.quality)));
        let closest = named.max_by_key(|(close, _)| *close);
        closest.map_or(Quality::ZERO, |(_, quality)| quality)
    };
    let mut best = (Quality::ZERO, None);
    for offer in offers {
        let quality = quality(offer);
        if quality > best.0 {
            best = (quality, Some(*offer));
        }
    }
    best.1
}

/// How long the body is, if the request says so.
#[must_use]
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    single_header(headers, header::CONTENT_LENGTH)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_media_type_that_is_liked_best_is_taken() {
        const OFFERS: [&str; 2] = ["application/json", "text/event-stream"];
        for (accept, expected) in [
            ("", Some(OFFERS[0])),
            ("nonsense", Some(OFFERS[0])),
            ("*/*", Some(OFFERS[0])),
            ("text/event-stream", Some(OFFERS[1])),
            ("Text/Event-Stream; charset=utf-8", Some(OFFERS[1])),
            ("text/event-stream, */*", Some(OFFERS[0])),
            ("text/event-stream, */*;q=0.1", Some(OFFERS[1])),
            ("text/*", Some(OFFERS[1])),
            (
                "text/event-stream;q=0.5, application/json;q=0.4",
                Some(OFFERS[1]),
            ),
            ("application/json;q=0, */*;q=0.3", Some(OFFERS[1])),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(preferred(&headers, &OFFERS), expected, "{accept}");
        }
    }
}
