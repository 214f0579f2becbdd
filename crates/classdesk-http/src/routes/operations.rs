//! What operators look at: health and figures.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use utoipa::OpenApi;

use crate::Shell;
use crate::metrics::METRICS_MEDIA_TYPE;
use crate::problem::Problem;
use crate::render::ok;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::HealthView;

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(live, ready, metrics))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(shell: &Shell, endpoints: &mut Endpoints) {
    endpoints
        .add(Endpoint::at("/healthz/live").public(&Method::GET, live))
        .add(Endpoint::at("/healthz/ready").public(&Method::GET, ready));
    if shell.settings().serves_metrics {
        endpoints.add(Endpoint::at("/metrics").public(&Method::GET, metrics));
    }
}

/// Is the process up
///
/// Answers as long as the process serves at all.
#[utoipa::path(
    get, path = "/healthz/live", tag = "operations", operation_id = "live", security(()),
    responses((status = 200, description = "It is up", body = HealthView)),
)]
async fn live() -> HttpResponse {
    ok(&HealthView::OK)
}

/// Is everything in reach
///
/// Answers 200 when database and storage answer.
#[utoipa::path(
    get, path = "/healthz/ready", tag = "operations", operation_id = "ready", security(()),
    responses((status = 200, description = "Ready to work", body = HealthView)),
)]
async fn ready(shell: Data<Shell>) -> Result<HttpResponse, Problem> {
    shell.desk().maintenance.ready().await?;
    Ok(ok(&HealthView::OK))
}

/// Figures for Prometheus
///
/// Requests by route, method and status, their latency, and what the program adds.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics", security(()),
    responses((status = 200, description = "The figures", body = String,
        content_type = "application/openmetrics-text")),
)]
async fn metrics(shell: Data<Shell>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_MEDIA_TYPE)
        .body(shell.metrics_text())
}
