//! Which bytes of a file a request wants, and whether it wants them at all (RFC 9110, sections 13
//! and 14).

use std::str::FromStr;

use actix_web::http::Method;
use actix_web::http::header::{
    self, ByteRangeSpec, EntityTag, Header, HeaderMap, IfMatch, IfNoneMatch, Range,
};
use actix_web::{HttpMessage, HttpRequest};
use classdesk_domain::blobs::{BlobInfo, ByteRange};

/// What to answer to a request for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// A part of it.
    Part(ByteRange),
    /// Nothing: the client has it already (304).
    Unchanged,
    /// Another version of it (412).
    AnotherVersion,
    /// A part that does not exist (416).
    NoSuchPart,
}

/// The strong entity tag of stored bytes: their SHA-256.
pub(crate) fn entity_tag(info: &BlobInfo) -> EntityTag {
    EntityTag::new_strong(info.sha256.to_string())
}

/// Evaluates the preconditions and the range of a request, in the order of RFC 9110, section
/// 13.2.2.
pub(crate) fn wanted(request: &HttpRequest, info: &BlobInfo) -> Wanted {
    let tag = entity_tag(info);
    if request.headers().contains_key(header::IF_MATCH) && !matches_strongly(request, &tag) {
        return Wanted::AnotherVersion;
    }
    if request.headers().contains_key(header::IF_NONE_MATCH) && matches_weakly(request, &tag) {
        return Wanted::Unchanged;
    }
    // A range is defined for GET alone.
    if request.method() != Method::GET || !range_still_applies(request.headers(), &tag) {
        return Wanted::Whole;
    }
    match single_range(request.headers()) {
        None => Wanted::Whole,
        Some(range) => {
            range
                .to_satisfiable_range(info.size)
                .map_or(Wanted::NoSuchPart, |(first, last)| {
                    Wanted::Part(ByteRange {
                        start: first,
                        end: last + 1,
                    })
                })
        }
    }
}

fn matches_strongly(request: &impl HttpMessage, tag: &EntityTag) -> bool {
    match IfMatch::parse(request) {
        Ok(IfMatch::Any) => true,
        Ok(IfMatch::Items(tags)) => tags.iter().any(|each| each.strong_eq(tag)),
        Err(_) => false,
    }
}

fn matches_weakly(request: &impl HttpMessage, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|each| each.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Without `If-Range` a range always applies. Files have no modification date, so that only a tag
/// can tell that the client holds a part of these bytes.
fn range_still_applies(headers: &HeaderMap, tag: &EntityTag) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| {
        value
            .to_str()
            .ok()
            .and_then(|text| EntityTag::from_str(text.trim()).ok())
            .is_some_and(|known| known.strong_eq(tag))
    })
}

/// The one range that is asked for. Whatever else stands in the header (several ranges, another
/// unit, nonsense) asks for the whole file, as the RFC allows.
fn single_range(headers: &HeaderMap) -> Option<ByteRangeSpec> {
    let mut values = headers.get_all(header::RANGE);
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
        return None;
    };
    let (unit, set) = value.split_once('=')?;
    let plain = |b: u8| b.is_ascii_digit() || b == b'-';
    if !unit.trim().eq_ignore_ascii_case("bytes") || !set.trim().bytes().all(plain) {
        return None;
    }
    match Range::from_str(&format!("bytes={}", set.trim())) {
        Ok(Range::Bytes(ranges)) => match ranges.as_slice() {
            [ByteRangeSpec::FromTo(first, last)] if last < first => None,
            [only] => Some(only.clone()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use classdesk_domain::blobs::{ContentType, Sha256Digest};
    use proptest::prelude::*;

    use super::*;

    const SIZE: u64 = 10;

    fn info() -> BlobInfo {
        BlobInfo {
            size: SIZE,
            sha256: Sha256Digest::from_bytes([0xab; 32]),
            content_type: ContentType::unknown(),
        }
    }

    fn tag() -> String {
        format!("\"{}\"", "ab".repeat(32))
    }

    fn part(start: u64, end: u64) -> Wanted {
        Wanted::Part(ByteRange { start, end })
    }

    fn check(headers: &[(&'static str, &str)], expected: Wanted) {
        check_method(Method::GET, headers, expected);
    }

    fn check_method(method: Method, headers: &[(&'static str, &str)], expected: Wanted) {
        let mut request = TestRequest::default().method(method);
        for header in headers {
            request = request.append_header(*header);
        }
        assert_eq!(
            wanted(&request.to_http_request(), &info()),
            expected,
            "{headers:?}"
        );
    }

    /// contract: conv.downloads.conditional
    #[test]
    fn the_tag_is_the_quoted_digest() {
        assert_eq!(entity_tag(&info()).to_string(), tag());
    }

    /// contract: conv.downloads.http
    #[test]
    fn one_range_gives_a_part() {
        check(&[("range", "bytes=0-0")], part(0, 1));
        check(&[("range", "bytes=2-4")], part(2, 5));
        check(&[("range", "bytes=2-")], part(2, 10));
        check(&[("range", "bytes=-3")], part(7, 10));
        check(&[("range", "bytes=-99")], part(0, 10));
        check(&[("range", "bytes=9-99")], part(9, 10));
        check(&[("range", "BYTES = 1-1 ")], part(1, 2));
    }

    #[test]
    fn a_range_beyond_the_end_does_not_exist() {
        check(&[("range", "bytes=10-")], Wanted::NoSuchPart);
        check(&[("range", "bytes=10-12")], Wanted::NoSuchPart);
        check(&[("range", "bytes=-0")], Wanted::NoSuchPart);
    }

    #[test]
    fn what_is_no_single_range_asks_for_all() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1-2-3",
            "bytes=--1",
            "lines=1-2",
            "bytes=0-99999999999999999999999",
        ] {
            check(&[("range", range)], Wanted::Whole);
        }
        check(
            &[("range", "bytes=0-1"), ("range", "bytes=2-3")],
            Wanted::Whole,
        );
    }

    #[test]
    fn head_has_no_ranges() {
        check_method(Method::HEAD, &[("range", "bytes=0-1")], Wanted::Whole);
        check_method(Method::HEAD, &[("if-none-match", "*")], Wanted::Unchanged);
    }

    /// contract: conv.downloads.http
    #[test]
    fn if_range_wants_the_same_bytes() {
        let range = ("range", "bytes=1-2");
        check(&[range, ("if-range", &tag())], part(1, 3));
        for other in [
            format!("W/{}", tag()),
            "\"other\"".to_owned(),
            "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
            "nonsense".to_owned(),
        ] {
            check(&[range, ("if-range", &other)], Wanted::Whole);
        }
    }

    /// contract: conv.downloads.conditional
    #[test]
    fn if_none_match_compares_weakly_and_goes_before_the_range() {
        for known in [
            tag(),
            format!("W/{}", tag()),
            format!("\"other\", W/{}", tag()),
            "*".to_owned(),
        ] {
            check(&[("if-none-match", &known)], Wanted::Unchanged);
            check(
                &[("if-none-match", &known), ("range", "bytes=99-")],
                Wanted::Unchanged,
            );
        }
        check(&[("if-none-match", "\"other\"")], Wanted::Whole);
        check(&[("if-none-match", "nonsense")], Wanted::Whole);
    }

    #[test]
    fn if_match_compares_strongly() {
        check(&[("if-match", &tag())], Wanted::Whole);
        check(&[("if-match", "*")], Wanted::Whole);
        check(
            &[("if-match", &format!("W/{}", tag()))],
            Wanted::AnotherVersion,
        );
        check(&[("if-match", "\"other\"")], Wanted::AnotherVersion);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(range in "(bytes=)?[0-9,-]{0,30}") {
            let request = TestRequest::default()
                .append_header(("range", range))
                .to_http_request();
            if let Wanted::Part(range) = wanted(&request, &info()) {
                prop_assert!(range.start < range.end && range.end <= SIZE);
            }
        }
    }
}
