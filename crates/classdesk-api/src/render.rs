//! How answers are written: JSON, its entity tag, and links to the next page.

use actix_web::http::header::EntityTag;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use classdesk_domain::paging::{Cursor, ListKind, Page};
use classdesk_http::conditional::matches_if_none_match;
use classdesk_http::context::path_within;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::state::state_of;

/// Most answers are no larger, so that their text need not be moved while it grows. In bytes.
const USUAL: usize = 4 * 1024;

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

/// A JSON answer of a thing that counts its changes, with the entity tag
/// `"<version>-<digest of the body>"`. The version alone would lie about what changes beside it,
/// such as counts. With a matching `If-None-Match` the answer is 304.
pub(crate) fn with_version_etag(
    request: &HttpRequest,
    status: StatusCode,
    version: i64,
    view: &impl Serialize,
) -> HttpResponse {
    let body = to_json(view);
    let tag = EntityTag::new_strong(format!("{version}-{}", digest(&body)));
    with_etag(request, status, tag, "application/json", body.into())
}

/// A text with the entity tag `"<digest of the body>"`, or 304.
pub(crate) fn text_with_etag(
    request: &HttpRequest,
    media_type: &'static str,
    body: Bytes,
) -> HttpResponse {
    let tag = EntityTag::new_strong(digest(&body));
    with_etag(request, StatusCode::OK, tag, media_type, body)
}

fn with_etag(
    request: &HttpRequest,
    status: StatusCode,
    tag: EntityTag,
    media_type: &'static str,
    body: Bytes,
) -> HttpResponse {
    let is_read = request.method().is_safe();
    let is_known = is_read && matches_if_none_match(request, &tag);
    let mut response = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        status
    });
    response.insert_header(header::ETag(tag));
    response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if is_known {
        response.finish()
    } else {
        response.content_type(media_type).body(body)
    }
}

fn digest(body: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(body).into();
    let (words, _) = digest.as_chunks();
    format!("{:016x}", u64::from_be_bytes(words[0]))
}

/// The JSON text of a view.
pub(crate) fn to_json(view: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut text, view).expect("views have string keys and no failing field");
    text
}

/// A page of a list, with a link to the next one.
pub(crate) fn page<T, V: Serialize>(
    request: &HttpRequest,
    list: ListKind,
    page: Page<T>,
    view: impl FnMut(T) -> V,
) -> HttpResponse {
    let page = page.map(view);
    link_next(request, ok(&page.items), list, page.next)
}

/// The same with an entity tag, for lists that clients read again and again.
pub(crate) fn page_with_etag<T, V: Serialize>(
    request: &HttpRequest,
    list: ListKind,
    page: Page<T>,
    view: impl FnMut(T) -> V,
) -> HttpResponse {
    let page = page.map(view);
    let response = text_with_etag(request, "application/json", to_json(&page.items).into());
    link_next(request, response, list, page.next)
}

/// Adds `Link: <…>; rel="next"` with every parameter of the request but the cursor.
fn link_next(
    request: &HttpRequest,
    mut response: HttpResponse,
    list: ListKind,
    next: Option<Cursor>,
) -> HttpResponse {
    let Some(position) = next else {
        return response;
    };
    let parameters = form_urlencoded::parse(request.query_string().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters.filter(|(name, _)| name != "cursor"))
        .append_pair("cursor", &position.encode(list))
        .finish();
    let path = path_within(request);
    let url = state_of(request)
        .public_url
        .join(&format!("{}/?{query}", path.trim_end_matches('/')));
    let link = header::HeaderValue::from_str(&format!("<{url}>; rel=\"next\""))
        .expect("a percent-encoded URL is visible ASCII");
    response.headers_mut().insert(header::LINK, link);
    response
}
