//! `If-Match`: for which version a change was made.

use actix_web::HttpRequest;
use classdesk_domain::ExpectedVersion;
use classdesk_http::conditional::{TagList, if_match};
use classdesk_http::problem::Problem;

/// The versions that `If-Match` names; any version without the header.
///
/// Our tags are `"<version>-<digest>"`. The version alone decides, so `"<version>"` is as good. A
/// weak tag never matches here (RFC 9110 section 13.1.1), nor does one that is not ours.
pub(crate) fn expected_version(request: &HttpRequest) -> Result<ExpectedVersion, Problem> {
    Ok(match if_match(request)? {
        None | Some(TagList::Any) => ExpectedVersion::Any,
        Some(TagList::Tags(tags)) => ExpectedVersion::OneOf(
            tags.iter()
                .filter(|tag| !tag.weak)
                .filter_map(|tag| version_of(tag.tag()))
                .collect(),
        ),
    })
}

fn version_of(opaque: &str) -> Option<i64> {
    let version = opaque
        .split_once('-')
        .map_or(opaque, |(version, _)| version);
    version.parse().ok()
}
