//! What happens around every handler, in one place and in this order: the request gets its id and
//! its span, preflights are answered, oversized headers are refused, load is shed, the handler runs,
//! a panic is caught, problems are rendered, common headers are set, and the outcome is counted and
//! logged.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use futures_util::{FutureExt as _, stream};
use tracing::Instrument as _;

use crate::access_log;
use crate::client_address::find_client_address;
use crate::compression;
use crate::context::RequestInfo;
use crate::cors::Origins;
use crate::limits::end_work;
use crate::problem::{Problem, ProblemKind};
use crate::security_headers;
use crate::state::HttpState;

/// The name of the header of request ids.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves one request. Whatever happens becomes a response, but for a request that is lost.
///
/// # Errors
/// An error with the rendered response in it, when a handler panics or a host's middleware fails.
pub async fn serve(
    state: Data<HttpState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = state.request_ids.take_or_make(request.headers());
    let within = request.match_info().unprocessed().len();
    let span = tracing::info_span!("request", request_id = %id);
    let trusted = &state.settings().trusted_proxies;
    let info = RequestInfo {
        address: span.in_scope(|| find_client_address(request.request(), trusted)),
        mount: request.path().len().saturating_sub(within),
        user: None,
    };
    request.extensions_mut().insert(info);
    let origins = Origins::of(request.headers(), &state.settings().cors_origins);
    async move {
        if let Some(answer) = origins.answer_preflight(&request) {
            let answer = request.into_response(answer);
            return Ok(finish(answer, &state, &id, &origins, started));
        }
        if let Err(problem) = admit(&request, &state).await {
            let refused = request.error_response(problem);
            return Ok(finish(refused, &state, &id, &origins, started));
        }
        match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(Ok(response)) => {
                // What is left is to send, at the client's pace.
                end_work(response.request());
                let response = response.map_into_boxed_body();
                Ok(finish(response, &state, &id, &origins, started))
            }
            Ok(Err(error)) => Err(without_request(&error, &id, &origins)),
            Err(panic) => {
                let problem = Problem::of(ProblemKind::Internal).caused_by(panic_text(&*panic));
                Err(without_request(&problem.into(), &id, &origins))
            }
        }
    }
    .instrument(span)
    .await
}

/// The answer to every path that is not served.
///
/// # Errors
/// Always: it is a problem.
pub async fn no_such_path() -> Result<HttpResponse, Problem> {
    Err(Problem::of(ProblemKind::NoSuchPath))
}

/// Lets a request in, or says why not.
async fn admit(request: &ServiceRequest, state: &HttpState) -> Result<(), Problem> {
    check_size(request, state)?;
    check_upgrade(request.headers())?;
    if state.is_unlimited(request.match_info().unprocessed()) {
        return Ok(());
    }
    let admitted = state.limits.begin_work(request.request()).await;
    admitted.map_err(Problem::shed)
}

fn check_size(request: &ServiceRequest, state: &HttpState) -> Result<(), Problem> {
    let settings = state.settings();
    let target = request.uri().path_and_query();
    if target.map_or(0, |target| target.as_str().len()) > settings.max_uri_bytes {
        return Err(Problem::of(ProblemKind::UriTooLong));
    }
    let headers = request.headers().iter();
    let size: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > settings.max_header_bytes {
        return Err(Problem::of(ProblemKind::HeadersTooLarge));
    }
    Ok(())
}

/// Refuses a body together with `Upgrade`. actix-web would not know where such a body ends, and take
/// the next request of the connection for a part of it.
fn check_upgrade(headers: &HeaderMap) -> Result<(), Problem> {
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || (headers.get(header::CONTENT_LENGTH)).is_some_and(|length| length != "0");
    if has_body && headers.contains_key(header::UPGRADE) {
        return Err(Problem::new(
            ProblemKind::InvalidHeader,
            "A request with a body can't have `Upgrade`.",
        ));
    }
    Ok(())
}

/// Renders a problem if there is one, sets the common headers, counts and logs.
fn finish(
    response: ServiceResponse<BoxBody>,
    state: &HttpState,
    id: &str,
    origins: &Origins,
    started: Instant,
) -> ServiceResponse<BoxBody> {
    let (request, response) = response.into_parts();
    let mut response = match response.error() {
        Some(error) => {
            let problem = error.as_error::<Problem>();
            if let Some(reason) = problem.and_then(Problem::shed_reason) {
                state.metrics.shed(reason);
            }
            render(error, id)
        }
        None => response,
    };
    response = response.map_body(|head, body| {
        let bytes = match body.try_into_bytes() {
            Ok(bytes) => bytes,
            Err(stream) => return stream,
        };
        let in_gzip = compression::negotiate(&request, head, bytes.len());
        let body = match *request.method() {
            // Its body is never sent.
            Method::HEAD => BoxBody::new(bytes),
            _ => state.limits.pace(&request, bytes),
        };
        if in_gzip {
            compression::compress(head, body)
        } else {
            body
        }
    });
    set_headers(response.headers_mut(), id, origins);
    if request.headers().contains_key(header::UPGRADE) {
        // What follows on the connection may have been taken for a body.
        let head = response.head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    if *request.method() == Method::HEAD {
        response = without_body(response);
    }
    access_log::record(&request, &response, &state.metrics, started);
    ServiceResponse::new(request, response)
}

/// The response of a request that is lost: its handler panicked, or a host's middleware failed.
fn without_request(error: &Error, id: &str, origins: &Origins) -> Error {
    let mut response = render(error, id);
    set_headers(response.headers_mut(), id, origins);
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
    access_log::record_cause(problem);
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

/// The answer to HEAD: the length of the body, without the body. actix-http leaves out a body only
/// as long as no further request of the connection has arrived, and a client would take it for the
/// next answer.
fn without_body(mut response: HttpResponse) -> HttpResponse {
    match response.body().size() {
        BodySize::None | BodySize::Sized(0) => return response,
        BodySize::Sized(length) => {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        BodySize::Stream => {}
    }
    response.head_mut().no_chunking(true);
    let nothing = stream::empty::<Result<_, Infallible>>();
    response.set_body(BoxBody::new(BodyStream::new(nothing)))
}

fn set_headers(headers: &mut HeaderMap, id: &str, origins: &Origins) {
    let id = HeaderValue::from_str(id).expect("a request id is printable ASCII");
    headers.insert(REQUEST_ID, id);
    security_headers::set_defaults(headers);
    origins.set_headers(headers);
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("(no message)"))
}
