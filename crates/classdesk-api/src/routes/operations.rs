//! What operators look at: health and figures.

use actix_web::HttpResponse;
use actix_web::web::Data;
use classdesk_http::{HttpState, METRICS_MEDIA_TYPE};

use crate::call::Answer;
use crate::dto::HealthView;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![live, ready];

/// The figures, unless they are served elsewhere.
pub(super) const METRICS: Endpoints = endpoints![metrics];

/// Is the process up
///
/// Answers as long as the process serves at all.
#[utoipa::path(
    get, path = "/healthz/live", tag = "operations", security(()),
    responses((status = 200, description = "It is up", body = HealthView)),
)]
async fn live() -> HttpResponse {
    render::ok(&HealthView::OK)
}

/// Is everything in reach
///
/// Answers 200 when database and storage answer. An answer holds for a second.
#[utoipa::path(
    get, path = "/healthz/ready", tag = "operations", security(()),
    responses((status = 200, description = "Ready to work", body = HealthView)),
)]
async fn ready(state: Data<AppState>) -> Answer {
    state.readiness.check(&state.app).await?;
    Ok(render::ok(&HealthView::OK))
}

/// Figures for Prometheus
///
/// Requests by route, method and status, their latency, and what the program adds.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", security(()),
    responses((
        status = 200, description = "The figures", body = String,
        content_type = "application/openmetrics-text",
    )),
)]
async fn metrics(http: Data<HttpState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_MEDIA_TYPE)
        .body(http.metrics_text())
}
