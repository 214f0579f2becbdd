//! Conditional requests (RFC 9110, section 13).

use actix_web::HttpRequest;
use actix_web::http::header::{self, EntityTag, HeaderMap, HeaderName, HeaderValue};
use classdesk_domain::{VersionConditions, Versions};

use crate::problem::{Problem, ProblemKind};

/// The value of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TagList {
    /// `*`.
    Any,
    /// Entity tags.
    Tags(Vec<EntityTag>),
}

impl TagList {
    /// The versions that these tags name. A tag is `"<version>-<digest>"`, of which the version
    /// counts, or the version alone. One that is not ours names no version.
    fn versions(self, counts: impl Fn(&EntityTag) -> bool) -> Versions {
        let version = |tag: &EntityTag| {
            let (text, _) = tag.tag().split_once('-').unwrap_or((tag.tag(), ""));
            let version: i64 = text.parse().ok()?;
            (version.to_string() == text).then_some(version)
        };
        match self {
            Self::Any => Versions::Any,
            Self::Tags(tags) => {
                let counted = tags.iter().filter(|tag| counts(tag));
                Versions::OneOf(counted.filter_map(version).collect())
            }
        }
    }
}

/// The preconditions of a request that changes something, by the versions that their tags name. The
/// use case checks them, since rights come first and the check has to hold until the commit.
///
/// A weak tag never holds in `If-Match`, and is as good as a strong one in `If-None-Match`. Nothing
/// has a date of its last change, so the conditions by date do not apply (sections 13.1.3 and
/// 13.1.4).
///
/// # Errors
/// 400 for a malformed header: it is never ignored, since the client relies on it.
pub fn version_conditions(request: &HttpRequest) -> Result<VersionConditions, Problem> {
    let if_match = tags(request, &header::IF_MATCH)?;
    let if_none_match = tags(request, &header::IF_NONE_MATCH)?;
    Ok(VersionConditions {
        if_match: if_match.map(|tags| tags.versions(|tag| !tag.weak)),
        if_none_match: if_none_match.map(|tags| tags.versions(|_| true)),
    })
}

/// Whether the client of a read has what is tagged so already (section 13.2.2).
///
/// # Errors
/// 412 when `If-Match` does not name the tag, by the strong comparison; 400 when it is malformed.
pub fn is_known(request: &HttpRequest, tag: &EntityTag) -> Result<bool, Problem> {
    if let Some(TagList::Tags(tags)) = tags(request, &header::IF_MATCH)?
        && !tags
            .iter()
            .any(|known| known.strong_eq(tag) || known.strong_eq(&of_gzip(tag)))
    {
        return Err(Problem::of(ProblemKind::PreconditionFailed));
    }
    Ok(matches_if_none_match(request, tag))
}

/// The same of what has no tag, such as most lists: it is there, so that `*` names it, and no tag does.
///
/// # Errors
/// 412 when `If-Match` names tags; 400 when it is malformed.
pub fn is_known_untagged(request: &HttpRequest) -> Result<bool, Problem> {
    if let Some(TagList::Tags(_)) = tags(request, &header::IF_MATCH)? {
        return Err(Problem::of(ProblemKind::PreconditionFailed));
    }
    let known = parse_tags(request.headers(), &header::IF_NONE_MATCH);
    Ok(known == Ok(Some(TagList::Any)))
}

/// The tags of a header; `None` without the header.
fn tags(request: &HttpRequest, name: &HeaderName) -> Result<Option<TagList>, Problem> {
    parse_tags(request.headers(), name).map_err(|_| {
        Problem::new(
            ProblemKind::InvalidHeader,
            "`If-Match` and `If-None-Match` are lists of entity tags in quotes, or `*`.",
        )
    })
}

/// The tag of the same thing in gzip. The two are other bytes, so a strong tag tells them apart (RFC
/// 9110 section 8.8.3.3).
pub(crate) fn of_gzip(tag: &EntityTag) -> EntityTag {
    EntityTag::new(tag.weak, format!("{}-gzip", tag.tag()))
}

/// Whether `If-None-Match` names this tag or that of the same thing in gzip, by the weak
/// comparison. For a read, a malformed header is as good as none: the answer is the whole thing.
fn matches_if_none_match(request: &HttpRequest, tag: &EntityTag) -> bool {
    is_named_by_if_none_match(request, tag) || is_named_by_if_none_match(request, &of_gzip(tag))
}

/// Whether `If-None-Match` names this very tag.
pub(crate) fn is_named_by_if_none_match(request: &HttpRequest, tag: &EntityTag) -> bool {
    match parse_tags(request.headers(), &header::IF_NONE_MATCH) {
        Ok(Some(TagList::Any)) => true,
        Ok(Some(TagList::Tags(tags))) => tags.iter().any(|known| known.weak_eq(tag)),
        Ok(None) | Err(_) => false,
    }
}

/// A header that is no list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MalformedTags;

/// Reads a header of entity tags. actix-web's own types skip what they can't read.
fn parse_tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<TagList>, MalformedTags> {
    let values: Result<Vec<_>, _> = headers.get_all(name).map(HeaderValue::to_str).collect();
    let values = values.map_err(|_| MalformedTags)?;
    // Several headers are as good as one with all of their values.
    let list = Some(values.join(",")).filter(|_| !values.is_empty());
    list.as_deref().map(parse_list).transpose()
}

fn parse_list(text: &str) -> Result<TagList, MalformedTags> {
    let mut rest = text.trim();
    if rest == "*" {
        return Ok(TagList::Any);
    }
    let mut tags = Vec::new();
    loop {
        // Members of a list may be empty (section 5.6.1).
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() && !tags.is_empty() {
            return Ok(TagList::Tags(tags));
        }
        let (tag, after) = parse_tag(rest)?;
        tags.push(tag);
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err(MalformedTags);
        }
    }
}

/// The first tag of a text, and what follows.
fn parse_tag(text: &str) -> Result<(EntityTag, &str), MalformedTags> {
    let opening = text.find('"').ok_or(MalformedTags)?;
    let length = text[opening + 1..].find('"').ok_or(MalformedTags)?;
    let (tag, rest) = text.split_at(opening + length + 2);
    Ok((tag.parse().map_err(|_| MalformedTags)?, rest))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn lists_of_tags_are_read() {
        let strong = |tag: &str| EntityTag::new_strong(tag.to_owned());
        let weak = EntityTag::new_weak("2".to_owned());
        assert_eq!(parse_list(" * "), Ok(TagList::Any));
        assert_eq!(
            parse_list(r#""1-ab" , W/"2","""#),
            Ok(TagList::Tags(vec![
                strong("1-ab"),
                weak.clone(),
                strong("")
            ]))
        );
        for empty_members in [", \"1-ab\",, W/\"2\" , ,", ",\t,\"1-ab\",W/\"2\""] {
            assert_eq!(
                parse_list(empty_members),
                Ok(TagList::Tags(vec![strong("1-ab"), weak.clone()])),
                "{empty_members}"
            );
        }
    }

    fn conditions(headers: &[(&'static str, &str)]) -> Result<VersionConditions, ProblemKind> {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        version_conditions(&request.to_http_request()).map_err(|problem| problem.kind())
    }

    #[test]
    fn the_conditions_of_a_change_name_versions() {
        assert_eq!(conditions(&[]), Ok(VersionConditions::default()));
        let tags = r#""3-0af1", W/"4-ab", "5", "x", "05", "+6", "-7", "8-""#;
        let found = conditions(&[("if-match", tags), ("if-none-match", tags)]);
        assert_eq!(
            found,
            Ok(VersionConditions {
                if_match: Some(Versions::OneOf(vec![3, 5, 8])),
                if_none_match: Some(Versions::OneOf(vec![3, 4, 5, 8])),
            })
        );
        let found = conditions(&[("if-none-match", "*")]);
        let only_if_absent = VersionConditions {
            if_none_match: Some(Versions::Any),
            ..VersionConditions::default()
        };
        assert_eq!(found, Ok(only_if_absent));
        for name in ["if-match", "if-none-match"] {
            let malformed = conditions(&[(name, "nonsense")]);
            assert_eq!(malformed, Err(ProblemKind::InvalidHeader), "{name}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for text in [
            "",
            ",",
            " , ,",
            "1",
            r#""1"#,
            r#""1" "2""#,
            r#"w/"1""#,
            r#""a b""#,
            r#"*,"1""#,
        ] {
            assert_eq!(parse_list(text), Err(MalformedTags), "{text}");
        }
    }
}
