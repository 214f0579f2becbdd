//! What every response gets, and what is counted and logged about it.

use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, HttpMessage, HttpResponse};

use crate::Shell;
use crate::metrics::Observation;
use crate::problem::{Problem, ProblemKind};
use crate::routing::RoutePattern;

use super::RequestInfo;

/// The name of the header of request ids.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers that every response has unless its handler says otherwise.
const DEFAULTS: [(HeaderName, HeaderValue); 5] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Renders a problem if there is one, sets the common headers, counts and logs.
pub(super) fn finish(
    response: ServiceResponse<BoxBody>,
    shell: &Shell,
    id: &str,
    started: Instant,
) -> ServiceResponse<BoxBody> {
    let (request, response) = response.into_parts();
    let mut response = match response.error() {
        Some(error) => render(error, id),
        None => response,
    };
    set_headers(response.headers_mut(), id);
    let elapsed = started.elapsed();
    let route = request
        .app_data::<RoutePattern>()
        .map_or("(none)", |pattern| pattern.0);
    let user = request
        .extensions()
        .get::<RequestInfo>()
        .and_then(|context| context.user);
    shell.metrics().observe(&Observation {
        method: request.method(),
        route,
        status: response.status(),
        elapsed,
    });
    tracing::info!(
        target: "classdesk_http::access",
        method = %request.method(),
        path = request.path(),
        route,
        status = response.status().as_u16(),
        elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        user = user.map(classdesk_domain::ids::UserId::get),
        "answered"
    );
    ServiceResponse::new(request, response)
}

/// The response of a request that is lost: its handler panicked, or a host's middleware failed.
pub(super) fn without_request(error: &Error, id: &str) -> Error {
    let mut response = render(error, id);
    set_headers(response.headers_mut(), id);
    InternalError::from_response("rendered", response).into()
}

fn render(error: &Error, id: &str) -> HttpResponse {
    let other;
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem,
        None => {
            other = foreign(error);
            &other
        }
    };
    log_cause(problem);
    problem.render(id)
}

/// A problem for an error of actix itself.
fn foreign(error: &Error) -> Problem {
    let status = error.as_response_error().status_code();
    let kind = ProblemKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.status() == status && status.is_client_error())
        .unwrap_or(ProblemKind::Internal);
    Problem::of(kind).caused_by(error.to_string())
}

/// Writes what really happened to the log, where the span names the request.
fn log_cause(problem: &Problem) {
    let Some(cause) = problem.cause() else { return };
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(deeper) = source {
        chain.push_str(": ");
        chain.push_str(&deeper.to_string());
        source = deeper.source();
    }
    if problem.kind().status().is_server_error() {
        tracing::error!(kind = problem.kind().slug(), cause = chain, "failed");
    } else {
        tracing::debug!(kind = problem.kind().slug(), cause = chain, "refused");
    }
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    let id = HeaderValue::from_str(id).expect("a request id is printable ASCII");
    headers.insert(REQUEST_ID, id);
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}
