//! What happens around every handler, in one place and in this order: the request gets its id and
//! its span, oversized headers are refused, load is shed, the handler runs, a panic is caught,
//! problems are rendered, common headers are set, and the outcome is counted and logged.

mod authentication;
mod finish;
mod request_id;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use classdesk_domain::ids::UserId;
use futures_util::FutureExt;
use tracing::Instrument;

use crate::limits::Limits;
use crate::problem::{Problem, ProblemKind};
use crate::shell::{Shell, shell_of};

pub(crate) use authentication::authenticate;
pub(crate) use request_id::RequestIds;

/// What is known of a request while it is served.
pub(crate) struct RequestInfo {
    /// How much of its path lies above the shell, in bytes.
    mount: usize,
    /// Who asks, once that is known.
    pub(crate) user: Option<UserId>,
}

/// The path of a request below the shell, whatever a host has mounted it under.
pub(crate) fn path_within(request: &HttpRequest) -> String {
    let mount = request
        .extensions()
        .get::<RequestInfo>()
        .map_or(0, |context| context.mount);
    request.path()[mount..].to_owned()
}

/// Serves one request. It never answers an error: whatever happens becomes a response.
pub(crate) async fn serve(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let shell = shell_of(request.request()).clone();
    let id = shell.request_ids().take_or_make(request.headers());
    let within = request.match_info().unprocessed().len();
    let context = RequestInfo {
        mount: request.path().len().saturating_sub(within),
        user: None,
    };
    request.extensions_mut().insert(context);
    let span = tracing::info_span!("request", request_id = %id);
    async move {
        if let Err(problem) = admit(&request, &shell).await {
            let refused = request.error_response(problem);
            return Ok(finish::finish(refused, &shell, &id, started));
        }
        match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(Ok(response)) => {
                // What is left is to send, at the client's pace.
                Limits::end_work(response.request());
                let response = response.map_into_boxed_body();
                Ok(finish::finish(response, &shell, &id, started))
            }
            Ok(Err(error)) => Err(finish::without_request(&error, &id)),
            Err(panic) => {
                let problem = Problem::of(ProblemKind::Internal).caused_by(panic_text(&*panic));
                Err(finish::without_request(&problem.into(), &id))
            }
        }
    }
    .instrument(span)
    .await
}

/// Lets a request in, or says why not. Health and metrics are answered under any load.
async fn admit(request: &ServiceRequest, shell: &Shell) -> Result<(), Problem> {
    check_size(request, shell)?;
    let path = request.match_info().unprocessed();
    if path.starts_with("/healthz/") || path.starts_with("/metrics") {
        return Ok(());
    }
    let admitted = shell.limits().begin_work(request.request()).await;
    admitted.map_err(|reason| shell.shed(reason))
}

fn check_size(request: &ServiceRequest, shell: &Shell) -> Result<(), Problem> {
    let settings = shell.settings();
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

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("(no message)"))
}
