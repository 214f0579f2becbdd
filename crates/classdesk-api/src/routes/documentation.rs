//! What people and tools read to use the API: the OpenAPI document, a page that shows it, and the
//! meaning of each kind of problem.

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, Route};
use classdesk_http::problem::{Problem, ProblemKind};

use crate::call::Answer;
use crate::dto::ProblemKindView;
use crate::render;
use crate::routing::{Endpoints, Operation, endpoints};
use crate::state::AppState;

/// The page runs its own script and style and talks to its own server, and that is all.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![read_openapi, read_docs, read_problem];

/// What the page of the documentation needs.
pub(super) fn assets() -> Vec<Operation> {
    vec![
        Operation::asset("/docs/docs.js", || Route::new().to(script)),
        Operation::asset("/docs/docs.css", || Route::new().to(style)),
    ]
}

/// This document
///
/// OpenAPI 3.1, of every operation.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "documentation", security(()),
    responses((status = 200, description = "The document", body = serde_json::Value)),
)]
async fn read_openapi(request: HttpRequest, state: Data<AppState>) -> Answer {
    render::text_with_etag(&request, "application/json", state.openapi.clone())
}

/// The documentation as a page
///
/// To read and to try, with no asset from elsewhere.
#[utoipa::path(
    get, path = "/docs/", tag = "documentation", security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
async fn read_docs(request: HttpRequest) -> HttpResponse {
    // Without the last slash the page's relative links would lead one level too high.
    let base = if request.path().ends_with('/') {
        ""
    } else {
        "docs/"
    };
    let html = include_str!("../../assets/docs.html")
        .replace("href=\"docs.css\"", &format!("href=\"{base}docs.css\""))
        .replace("src=\"docs.js\"", &format!("src=\"{base}docs.js\""));
    HttpResponse::Ok()
        .content_type(header::ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(html)
}

async fn script(request: HttpRequest) -> Answer {
    let text = include_str!("../../assets/docs.js");
    let media = "text/javascript; charset=utf-8";
    render::text_with_etag(&request, media, Bytes::from_static(text.as_bytes()))
}

async fn style(request: HttpRequest) -> Answer {
    let text = include_str!("../../assets/docs.css");
    let media = "text/css; charset=utf-8";
    render::text_with_etag(&request, media, Bytes::from_static(text.as_bytes()))
}

/// What a kind of problem means
///
/// The `type` of every problem document leads here.
#[utoipa::path(
    get, path = "/problems/{slug}", tag = "documentation", security(()),
    responses((status = 200, description = "What it means", body = ProblemKindView)),
)]
async fn read_problem(request: HttpRequest) -> Answer {
    let slug = request.match_info().query("slug");
    let kind = ProblemKind::from_slug(slug).ok_or_else(Problem::not_found)?;
    Ok(render::ok(&ProblemKindView::from(kind)))
}
