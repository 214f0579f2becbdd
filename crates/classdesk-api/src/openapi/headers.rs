//! The headers of answers.

use actix_web::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{HeaderBuilder, RefOr, Response};

use super::shape::{has_etag, is_idempotent, is_page, is_versioned};

/// `ETag` on what counts its changes, and 304 for reads that have it; `Link` on lists,
/// `Idempotency-Replayed` where there can be a key, and `X-Request-Id` everywhere.
pub(super) fn complete(method: &Method, operation: &mut Operation) {
    let (is_page, is_idempotent) = (is_page(operation), is_idempotent(method, operation));
    let is_conditional = *method == Method::GET && has_etag(operation);
    let answers = &mut operation.responses.responses;
    if is_conditional && !answers.contains_key("304") {
        let unchanged = Response::new("It still is what `If-None-Match` names");
        answers.insert("304".to_owned(), unchanged.into());
    }
    for (status, response) in answers {
        let RefOr::T(response) = response else {
            continue;
        };
        add_request_id(response);
        if is_versioned(response) {
            let tag = "The version, and a digest of this answer.";
            add(response, "ETag", tag);
        }
        if is_page && status == "200" {
            let link = "The next page, as `<URL>; rel=\"next\"`; none on the last.";
            add(response, "Link", link);
        }
        if is_idempotent && status == "201" {
            let replayed = "`true` when an earlier request had created it.";
            add(response, "Idempotency-Replayed", replayed);
        }
    }
}

/// The id by which an answer is found in the log.
pub(super) fn add_request_id(response: &mut Response) {
    let about = "The id of this request, as in the server's log.";
    add(response, "X-Request-Id", about);
}

/// A header whose value is text.
pub(super) fn add(response: &mut Response, name: &str, about: &str) {
    let header = HeaderBuilder::new()
        .schema(Some(<String as utoipa::PartialSchema>::schema()))
        .description(Some(about))
        .build();
    response.headers.insert(name.to_owned(), RefOr::T(header));
}
