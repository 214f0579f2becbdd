//! What operators look at: health and figures.

use actix_web::http::{Method, header};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::Shell;
use crate::problem::Problem;
use crate::render::ok;
use crate::routing::Endpoint;

/// Registers the endpoints.
pub(super) fn configure(shell: &Shell, config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/healthz/live")
                .public(&Method::GET, live)
                .service(),
        )
        .service(
            Endpoint::at("/healthz/ready")
                .public(&Method::GET, ready)
                .service(),
        );
    if shell.settings().serves_metrics {
        config.service(
            Endpoint::at("/metrics")
                .public(&Method::GET, metrics)
                .service(),
        );
    }
}

/// How the program is.
#[derive(Serialize)]
pub(crate) struct HealthView {
    /// `ok`.
    status: &'static str,
}

async fn live() -> HttpResponse {
    ok(&HealthView { status: "ok" })
}

async fn ready(shell: Data<Shell>) -> Result<HttpResponse, Problem> {
    shell.desk().housekeeping.ready().await?;
    Ok(ok(&HealthView { status: "ok" }))
}

async fn metrics(request: HttpRequest, shell: Data<Shell>) -> HttpResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text";
    let takes_open_metrics = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(OPEN_METRICS));
    let content_type = if takes_open_metrics {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    };
    HttpResponse::Ok()
        .content_type(content_type)
        .body(shell.metrics_text())
}
