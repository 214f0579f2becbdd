//! `If-Match`: for which version a change was made.

use actix_web::HttpRequest;
use actix_web::http::header;
use classdesk_domain::ExpectedVersion;

use crate::problem::{Problem, ProblemKind};
use crate::render::entity_tags::{TagList, parse_tags};

/// The versions that `If-Match` names; any version without the header.
///
/// Our tags are `"<version>-<digest>"`. The version alone decides, so `"<version>"` is as good. A
/// weak tag never matches here (RFC 9110 section 13.1.1), nor does one that is not ours.
pub(crate) fn expected_version(request: &HttpRequest) -> Result<ExpectedVersion, Problem> {
    match parse_tags(request, &header::IF_MATCH) {
        Ok(None | Some(TagList::Any)) => Ok(ExpectedVersion::Any),
        Ok(Some(TagList::Tags(tags))) => Ok(ExpectedVersion::OneOf(
            tags.iter()
                .filter(|tag| !tag.is_weak)
                .filter_map(|tag| version_of(&tag.opaque))
                .collect(),
        )),
        Err(_) => Err(Problem::new(
            ProblemKind::InvalidHeader,
            "`If-Match` is a list of entity tags in quotes, or `*`.",
        )),
    }
}

fn version_of(opaque: &str) -> Option<i64> {
    let version = opaque
        .split_once('-')
        .map_or(opaque, |(version, _)| version);
    version.parse().ok()
}
