//! What is counted and logged about every response.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use classdesk_domain::ids::UserId;

use crate::context::{RoutePattern, user};
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Counts and logs a response.
pub(crate) fn record(
    request: &HttpRequest,
    response: &HttpResponse,
    metrics: &Metrics,
    started: Instant,
) {
    let elapsed = started.elapsed();
    let pattern = request.app_data::<RoutePattern>();
    let route = pattern.map_or("(none)", |pattern| pattern.0);
    let status = response.status().as_u16();
    metrics.observe(request.method(), route, status, elapsed);
    let user = user(request);
    tracing::info!(
        target: "classdesk_http::access",
        method = %request.method(),
        path = request.path(),
        route,
        status,
        elapsed_us = as_micros(elapsed),
        user = user.map(UserId::get),
        "answered"
    );
}

fn as_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Writes what really happened to the log, where the span names the request.
pub(crate) fn record_cause(problem: &Problem) {
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
