//! Class bundles: `class-management/class-bundles/`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::bundles::BundleDetail;
use classdesk_domain::ids::BundleId;
use classdesk_domain::paging::ListKind;
use classdesk_http::problem::Problem;

use crate::dto::{
    AssignWriterBody, BundleBody, BundleChangeBody, BundleDetailView, BundleParams, BundleView,
    IdempotencyHeader, MemberView, PageParams, VersionHeader,
};
use crate::extract::{
    Caller, JsonBody, Path, authorize_before_validation, expected_version, list_params, page_params,
};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    list_bundles,
    create_bundle,
    read_bundle,
    change_bundle,
    assign_writer,
    list_members,
];

/// A bundle with its entity tag.
fn render_bundle(
    request: &HttpRequest,
    state: &AppState,
    status: StatusCode,
    detail: BundleDetail,
) -> HttpResponse {
    let version = detail.view.bundle.version;
    let view = BundleDetailView::of(detail, &state.public_url);
    render::with_version_etag(request, status, version, &view)
}

/// List bundles
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/", tag = "bundles",
    params(BundleParams, PageParams),
    responses((status = 200, description = "A page of bundles", body = Vec<BundleView>)),
)]
async fn list_bundles(
    caller: Caller,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = list_params::<BundleParams>(&request, ListKind::Bundles)?;
    let found = state.app.bundles.list(caller.actor(), filter, page).await?;
    Ok(render::page(
        &request,
        ListKind::Bundles,
        found,
        BundleView::from,
    ))
}

/// Create a bundle
///
/// For admins and superadmins.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/", tag = "bundles",
    params(IdempotencyHeader),
    request_body = BundleBody,
    responses((
        status = 201, description = "Created", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn create_bundle(
    caller: Caller,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let bundles = &state.app.bundles;
    let input = body.validated::<BundleBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| bundles.create(by, input).await,
            async |id| bundles.detail(caller.actor(), BundleId::new(id)).await,
            |detail| render_bundle(&request, &state, StatusCode::CREATED, detail),
        )
        .await
}

/// Read a bundle
///
/// With the newest files that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that are known."),
    ),
    responses(
        (
            status = 200, description = "The bundle", body = BundleDetailView,
            headers(("ETag" = String, description = "The version, and a digest of this answer.")),
        ),
        (status = 304, description = "It still is what `If-None-Match` names"),
    ),
)]
async fn read_bundle(
    caller: Caller,
    Path(id): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let detail = state.app.bundles.detail(caller.actor(), id).await?;
    Ok(render_bundle(&request, &state, StatusCode::OK, detail))
}

/// Change a bundle
///
/// For admins and superadmins.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), VersionHeader),
    request_body = BundleChangeBody,
    responses((
        status = 200, description = "The bundle as it is now", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_bundle(
    caller: Caller,
    Path(id): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let input = body.validated::<BundleChangeBody>();
    let bundles = &state.app.bundles;
    let detail = bundles.change(caller.actor(), id, input, &expected).await?;
    Ok(render_bundle(&request, &state, StatusCode::OK, detail))
}

/// Assign a bundle's writer
///
/// For admins and superadmins. The new writer joins the bundle's threads that are not private; the
/// former one loses the bundle at once.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/assign_writer/", tag = "bundles",
    params(("id" = i64, Path, description = "The bundle", minimum = 1)),
    request_body = AssignWriterBody,
    responses((
        status = 200, description = "The bundle as it is now", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn assign_writer(
    caller: Caller,
    Path(id): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<AssignWriterBody>();
    let bundles = &state.app.bundles;
    let detail = bundles.assign_writer(caller.actor(), id, input).await?;
    Ok(render_bundle(&request, &state, StatusCode::OK, detail))
}

/// List a bundle's members
///
/// Everybody who can be a recipient there, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/members/", tag = "bundles",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of members", body = Vec<MemberView>)),
)]
async fn list_members(
    caller: Caller,
    Path(id): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let bundles = &state.app.bundles;
    let page = page_params(&request, ListKind::Members);
    let page = authorize_before_validation(page, async || {
        bundles.authorize_see(caller.actor(), id).await
    })
    .await?;
    let found = bundles.members(caller.actor(), id, page).await?;
    Ok(render::page(
        &request,
        ListKind::Members,
        found,
        MemberView::from,
    ))
}
