//! Answers in gzip, for clients that accept it.

use actix_http::encoding::Encoder;
use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::dev::ResponseHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, EntityTag, Header as _, HeaderMap, HeaderValue,
};

use crate::conditional::{is_named_by_if_none_match, of_gzip};

/// An answer of so many bytes is not worth the effort.
const NOT_WORTH_IT: usize = 1024;

/// Prepares the head of an answer of so many bytes, which are in memory, and says whether the body
/// becomes gzip. Files and event streams are not in memory, and never do.
pub(crate) fn negotiate(request: &HttpRequest, head: &mut ResponseHead, length: usize) -> bool {
    if head.status == StatusCode::NOT_MODIFIED {
        name_known_variant(request, head.headers_mut());
        vary_by_encoding(head);
        return false;
    }
    if length <= NOT_WORTH_IT {
        return false;
    }
    if !accepts_gzip(request) {
        vary_by_encoding(head);
        return false;
    }
    if let Some(tag) = tag(head.headers()) {
        set_tag(head.headers_mut(), &of_gzip(&tag));
    }
    true
}

/// The body in gzip, written while it is sent.
pub(crate) fn compress(head: &mut ResponseHead, body: BoxBody) -> BoxBody {
    BoxBody::new(Encoder::response(ContentEncoding::Gzip, head, body))
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let gzip = Encoding::gzip();
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate([&gzip, &Encoding::identity()].into_iter()) == Some(gzip.clone())
    })
}

fn vary_by_encoding(head: &mut ResponseHead) {
    let vary = HeaderValue::from_static("accept-encoding");
    head.headers_mut().append(header::VARY, vary);
}

/// A client that knows the compressed variant is told that this one has not changed.
fn name_known_variant(request: &HttpRequest, headers: &mut HeaderMap) {
    let Some(tag) = tag(headers) else { return };
    let compressed = of_gzip(&tag);
    if is_named_by_if_none_match(request, &compressed) && !is_named_by_if_none_match(request, &tag)
    {
        set_tag(headers, &compressed);
    }
}

fn tag(headers: &HeaderMap) -> Option<EntityTag> {
    headers.get(header::ETAG)?.to_str().ok()?.parse().ok()
}

fn set_tag(headers: &mut HeaderMap, tag: &EntityTag) {
    let value = HeaderValue::from_str(&tag.to_string()).expect("a tag is visible ASCII");
    headers.insert(header::ETAG, value);
}
