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

use crate::admission;
use crate::connection::Pace;
use crate::problem::{Problem, ProblemKind};
use crate::shell::shell_of;

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
    mut request: ServiceRequest,
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
        let pace = request.request().conn_data::<Pace>();
        let serving = pace.map(|pace| pace.serve(request.headers()));
        let admitted = match admission::admit(&mut request, &shell).await {
            Ok(admitted) => admitted,
            Err(problem) => {
                let refused = request.error_response(problem);
                return Ok(finish::finish(refused, &shell, &id, started));
            }
        };
        let places = shell.admission().places.clone();
        let work = admission::serve(places, admitted.place, next.call(request));
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        drop(admitted.in_flight);
        match outcome {
            Ok(Ok(response)) => {
                let response = response.map_into_boxed_body();
                let response = finish::finish(response, &shell, &id, started);
                Ok(match serving {
                    Some(serving) => response.map_body(|_, body| serving.until_taken(body)),
                    None => response,
                })
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

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("(no message)"))
}
