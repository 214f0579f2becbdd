//! How answers are written: JSON, its entity tag, and links to the next page.

use std::collections::VecDeque;

use actix_web::http::header::EntityTag;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use classdesk_domain::paging::{Cursor, ListKind, Page, ReadFrom};
use classdesk_http::conditional::{is_known, is_known_untagged};
use classdesk_http::context::path_within;
use classdesk_http::problem::Problem;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::output::to_json;
use crate::state::state_of;

/// How a request is answered.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// An answer with several items has no more bytes (docs/contract.md#lists). One that is larger by
/// itself is an answer all the same, and there is none near it.
pub(crate) const LIMIT: usize = 1024 * 1024;

/// A JSON answer.
pub(crate) fn json(status: StatusCode, view: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .content_type(header::ContentType::json())
        .body(to_json(view))
}

/// A JSON answer with status 200.
pub(crate) fn ok(view: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, view)
}

/// A JSON answer with status 201.
pub(crate) fn created(view: &impl Serialize) -> HttpResponse {
    json(StatusCode::CREATED, view)
}

/// An answer without a body.
pub(crate) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// A thing that counts its changes, as a write has left it, with the entity tag
/// `"<version>-<digest of the body>"`. The version alone would lie about what changes beside it,
/// such as counts.
pub(crate) fn written(status: StatusCode, version: i64, view: &impl Serialize) -> HttpResponse {
    let (tag, body) = tagged(version, view);
    build_with(status, tag)
        .content_type("application/json")
        .body(body)
}

/// A thing that counts its changes, as it is read; 304 for a client that has it.
pub(crate) fn versioned(request: &HttpRequest, version: i64, view: &impl Serialize) -> Answer {
    let (tag, body) = tagged(version, view);
    unless_known(request, tag, "application/json", body.into())
}

fn tagged(version: i64, view: &impl Serialize) -> (EntityTag, Vec<u8>) {
    let body = to_json(view);
    let tag = EntityTag::new_strong(format!("{version}-{}", digest(&body)));
    (tag, body)
}

/// A text that is read, with the entity tag `"<digest of the body>"`; 304 for a client that has it.
pub(crate) fn text_with_etag(
    request: &HttpRequest,
    media_type: &'static str,
    body: Bytes,
) -> Answer {
    let tag = EntityTag::new_strong(digest(&body));
    unless_known(request, tag, media_type, body)
}

fn unless_known(
    request: &HttpRequest,
    tag: EntityTag,
    media_type: &'static str,
    body: Bytes,
) -> Answer {
    if is_known(request, &tag)? {
        return Ok(build_with(StatusCode::NOT_MODIFIED, tag).finish());
    }
    let mut response = build_with(StatusCode::OK, tag);
    Ok(response.content_type(media_type).body(body))
}

fn build_with(status: StatusCode, tag: EntityTag) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header(header::ETag(tag));
    response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    response
}

fn digest(body: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(body).into();
    let (words, _) = digest.as_chunks();
    format!("{:016x}", u64::from_be_bytes(words[0]))
}

/// As many of these, from the first, as have room in so many bytes of a JSON array.
pub(crate) fn within<V: Serialize>(room: usize, views: Vec<V>) -> Vec<V> {
    let mut used = 0;
    let has_room = |view: &V| {
        used += to_json(view).len() + 1;
        used <= room
    };
    views.into_iter().take_while(has_room).collect()
}

/// A page as a JSON array, and where the next one begins. It has as many items, from where it is read,
/// as [`LIMIT`] has room for.
fn page_text<T, V: Serialize>(
    page: Page<T>,
    mut view: impl FnMut(T) -> V,
) -> (Vec<u8>, Option<Cursor>) {
    let Page {
        mut items,
        next,
        positions,
        read_from,
    } = page;
    let anchor = match read_from {
        ReadFrom::First => 0,
        ReadFrom::Last => items.len().saturating_sub(1),
        ReadFrom::Middle(place) => place,
    };
    let mut later = items.split_off(anchor).into_iter();
    let Some(first) = later.next() else {
        return (b"[]".to_vec(), next);
    };
    let mut texts = VecDeque::from([to_json(&view(first))]);
    let mut room = LIMIT.saturating_sub(texts[0].len() + b"[]".len());
    // What is earlier leaves half of the room to what is later.
    let kept = if later.len() > 0 { room / 2 } else { 0 };
    room -= kept;
    for item in items.into_iter().rev() {
        let text = to_json(&view(item));
        match room.checked_sub(text.len() + 1) {
            Some(rest) => room = rest,
            None => break,
        }
        texts.push_front(text);
    }
    let begin = anchor + 1 - texts.len();
    room += kept;
    for item in later {
        let text = to_json(&view(item));
        match room.checked_sub(text.len() + 1) {
            Some(rest) => room = rest,
            None => break,
        }
        texts.push_back(text);
    }
    let end = begin + texts.len();
    let next = match read_from {
        ReadFrom::Last if begin > 0 => Some(positions[begin]),
        ReadFrom::First | ReadFrom::Middle(_) if end < positions.len() => Some(positions[end - 1]),
        _ => next,
    };
    let texts: Vec<_> = texts.into();
    let text = [b"[", &*texts.join(&b','), b"]"].concat();
    (text, next)
}

/// A page of a list, with a link to the next one.
pub(crate) fn page<T, V: Serialize>(
    request: &HttpRequest,
    list: ListKind,
    page: Page<T>,
    view: impl FnMut(T) -> V,
) -> Answer {
    if is_known_untagged(request)? {
        return Ok(HttpResponse::NotModified().finish());
    }
    let (text, next) = page_text(page, view);
    let response = HttpResponse::Ok()
        .content_type(header::ContentType::json())
        .body(text);
    Ok(link_next(request, response, list, next))
}

/// The same with an entity tag, for lists that clients read again and again.
pub(crate) fn page_with_etag<T, V: Serialize>(
    request: &HttpRequest,
    list: ListKind,
    page: Page<T>,
    view: impl FnMut(T) -> V,
) -> Answer {
    let (text, next) = page_text(page, view);
    let response = text_with_etag(request, "application/json", text.into())?;
    Ok(link_next(request, response, list, next))
}

/// Adds a link to the next page, if there is one.
fn link_next(
    request: &HttpRequest,
    mut response: HttpResponse,
    list: ListKind,
    next: Option<Cursor>,
) -> HttpResponse {
    if let Some(position) = next {
        let cursor = ("cursor", &*position.encode(list));
        link_to_next(request, &mut response, cursor);
    }
    response
}

/// Adds `Link: <…>; rel="next"` with every parameter of the request but the one that names the next
/// page.
pub(crate) fn link_to_next(
    request: &HttpRequest,
    response: &mut HttpResponse,
    (next, value): (&str, &str),
) {
    let parameters = form_urlencoded::parse(request.query_string().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.filter(|(name, _)| name != next))
        .append_pair(next, value)
        .finish();
    let path = path_within(request);
    let url = state_of(request)
        .public_url
        .join(&format!("{}/?{query}", path.trim_end_matches('/')));
    let link = header::HeaderValue::from_str(&format!("<{url}>; rel=\"next\""))
        .expect("a percent-encoded URL is visible ASCII");
    response.headers_mut().insert(header::LINK, link);
}
