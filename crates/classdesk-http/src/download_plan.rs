//! What of a file is sent: by the preconditions of the request and its range (RFC 9110, sections 13
//! and 14).

use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, ByteRangeSpec, EntityTag, HeaderMap, Range};
use classdesk_domain::blobs::{BlobInfo, ByteRange};

use crate::conditional::is_known;
use crate::headers::single_header;
use crate::problem::{Problem, ProblemKind};

/// What to send of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DownloadPlan {
    /// All of it.
    Whole,
    /// A part of it.
    Part(ByteRange),
    /// Nothing: the client has it already.
    NotModified,
}

/// The strong entity tag of stored bytes: their SHA-256.
pub(crate) fn entity_tag(info: &BlobInfo) -> EntityTag {
    EntityTag::new_strong(info.sha256.to_string())
}

/// Evaluates the preconditions and the range of a request, in the order of RFC 9110, section
/// 13.2.2.
pub(crate) fn plan_download(
    request: &HttpRequest,
    info: &BlobInfo,
) -> Result<DownloadPlan, Problem> {
    let tag = entity_tag(info);
    if is_known(request, &tag)? {
        return Ok(DownloadPlan::NotModified);
    }
    // A range is defined for GET alone.
    if request.method() != Method::GET || !range_still_applies(request.headers(), &tag) {
        return Ok(DownloadPlan::Whole);
    }
    let Some(range) = single_range(request.headers()) else {
        return Ok(DownloadPlan::Whole);
    };
    let (first, last) = range.to_satisfiable_range(info.size).ok_or_else(|| {
        let size = format!("bytes */{}", info.size);
        Problem::of(ProblemKind::RangeNotSatisfiable).with_header(header::CONTENT_RANGE, size)
    })?;
    Ok(DownloadPlan::Part(ByteRange {
        start: first,
        end: last + 1,
    }))
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
    let (unit, set) = single_header(headers, header::RANGE)?.split_once('=')?;
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

    type Plan = Result<DownloadPlan, ProblemKind>;

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

    fn part(start: u64, end: u64) -> Plan {
        Ok(DownloadPlan::Part(ByteRange { start, end }))
    }

    fn check(headers: &[(&'static str, &str)], expected: Plan) {
        check_method(Method::GET, headers, expected);
    }

    fn check_method(method: Method, headers: &[(&'static str, &str)], expected: Plan) {
        let mut request = TestRequest::default().method(method);
        for header in headers {
            request = request.append_header(*header);
        }
        let plan = plan_download(&request.to_http_request(), &info());
        assert_eq!(
            plan.map_err(|problem| problem.kind()),
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
        check(
            &[("range", "bytes=10-")],
            Err(ProblemKind::RangeNotSatisfiable),
        );
        check(
            &[("range", "bytes=10-12")],
            Err(ProblemKind::RangeNotSatisfiable),
        );
        check(
            &[("range", "bytes=-0")],
            Err(ProblemKind::RangeNotSatisfiable),
        );
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
            check(&[("range", range)], Ok(DownloadPlan::Whole));
        }
        check(
            &[("range", "bytes=0-1"), ("range", "bytes=2-3")],
            Ok(DownloadPlan::Whole),
        );
    }

    #[test]
    fn head_has_no_ranges() {
        check_method(
            Method::HEAD,
            &[("range", "bytes=0-1")],
            Ok(DownloadPlan::Whole),
        );
        check_method(
            Method::HEAD,
            &[("if-none-match", "*")],
            Ok(DownloadPlan::NotModified),
        );
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
            check(&[range, ("if-range", &other)], Ok(DownloadPlan::Whole));
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
            check(&[("if-none-match", &known)], Ok(DownloadPlan::NotModified));
            check(
                &[("if-none-match", &known), ("range", "bytes=99-")],
                Ok(DownloadPlan::NotModified),
            );
        }
        check(&[("if-none-match", "\"other\"")], Ok(DownloadPlan::Whole));
        check(&[("if-none-match", "nonsense")], Ok(DownloadPlan::Whole));
    }

    #[test]
    fn if_match_compares_strongly() {
        check(&[("if-match", &tag())], Ok(DownloadPlan::Whole));
        check(&[("if-match", "*")], Ok(DownloadPlan::Whole));
        check(
            &[("if-match", &format!("W/{}", tag()))],
            Err(ProblemKind::PreconditionFailed),
        );
        check(
            &[("if-match", "\"other\"")],
            Err(ProblemKind::PreconditionFailed),
        );
        check(&[("if-match", "nonsense")], Err(ProblemKind::InvalidHeader));
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(range in "(bytes=)?[0-9,-]{0,30}") {
            let request = TestRequest::default()
                .append_header(("range", range))
                .to_http_request();
            if let Ok(DownloadPlan::Part(range)) = plan_download(&request, &info()) {
                prop_assert!(range.start < range.end && range.end <= SIZE);
            }
        }
    }
}
