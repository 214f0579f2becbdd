//! Entity tags (RFC 9110 section 8.8.3).

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

/// An entity tag as a client sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag {
    /// Whether it was marked as weak.
    pub(crate) is_weak: bool,
    /// What stands between the quotes.
    pub(crate) opaque: String,
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagList {
    /// `*`.
    Any,
    /// Entity tags.
    Tags(Vec<EntityTag>),
}

/// A header that is no list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedTags;

/// Reads a header of entity tags; `None` when it is not there.
///
/// # Errors
/// [`MalformedTags`].
pub(crate) fn parse_tags(
    request: &HttpRequest,
    name: &HeaderName,
) -> Result<Option<TagList>, MalformedTags> {
    let mut all = None::<TagList>;
    for value in request.headers().get_all(name) {
        let more = parse_list(value.to_str().map_err(|_| MalformedTags)?)?;
        all = Some(match (all, more) {
            (None, list) => list,
            (Some(TagList::Tags(mut tags)), TagList::Tags(others)) => {
                tags.extend(others);
                TagList::Tags(tags)
            }
            (Some(_), _) => return Err(MalformedTags),
        });
    }
    Ok(all)
}

fn parse_list(text: &str) -> Result<TagList, MalformedTags> {
    let mut rest = text.trim();
    if rest == "*" {
        return Ok(TagList::Any);
    }
    let mut tags = Vec::new();
    loop {
        let (tag, after) = parse_tag(rest)?;
        tags.push(tag);
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(TagList::Tags(tags));
        }
        rest = rest.strip_prefix(',').ok_or(MalformedTags)?.trim_start();
    }
}

fn parse_tag(text: &str) -> Result<(EntityTag, &str), MalformedTags> {
    let (is_weak, quoted) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let inner = quoted.strip_prefix('"').ok_or(MalformedTags)?;
    let (opaque, rest) = inner.split_once('"').ok_or(MalformedTags)?;
    if opaque
        .bytes()
        .all(|b| b == 0x21 || (0x23..=0x7e).contains(&b))
    {
        let opaque = opaque.to_owned();
        Ok((EntityTag { is_weak, opaque }, rest))
    } else {
        Err(MalformedTags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strong(opaque: &str) -> EntityTag {
        EntityTag {
            is_weak: false,
            opaque: opaque.to_owned(),
        }
    }

    #[test]
    fn lists_are_read() {
        let weak = EntityTag {
            is_weak: true,
            opaque: "2".to_owned(),
        };
        assert_eq!(parse_list(" * "), Ok(TagList::Any));
        assert_eq!(
            parse_list(r#""1-ab" , W/"2","""#),
            Ok(TagList::Tags(vec![strong("1-ab"), weak, strong("")]))
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in [
            "",
            "1",
            r#""1"#,
            r#""1" "2""#,
            r#""1","#,
            r#"w/"1""#,
            r#""a b""#,
            r#"*,"1""#,
        ] {
            assert_eq!(parse_list(text), Err(MalformedTags), "{text}");
        }
    }
}
