//! Class bundles: `class-management/class-bundles/`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::bundles::BundleDetail;
use classdesk_domain::ids::BundleId;
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{
    Caller, InPath, JsonBody, authorize_before_validation, expected_version, list_params,
    page_params,
};
use crate::problem::Problem;
use crate::render;
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{
    AssignWriterBody, BundleBody, BundleChangeBody, BundleDetailView, BundleParams, BundleView,
    MemberView, PageParams, RetryHeader, VersionHeader,
};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(list, create, one, change, assign_writer, members))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    let all = Endpoint::at("/api/v1/class-management/class-bundles/");
    let bundle = Endpoint::at("/api/v1/class-management/class-bundles/{id}/");
    let writer = Endpoint::at("/api/v1/class-management/class-bundles/{id}/assign_writer/");
    let members_of = Endpoint::at("/api/v1/class-management/class-bundles/{id}/members/");
    endpoints
        .add(all.get(list).post(create))
        .add(bundle.get(one).patch(change))
        .add(writer.post(assign_writer))
        .add(members_of.get(members));
}

/// A bundle with its entity tag.
fn render_bundle(
    request: &HttpRequest,
    shell: &Shell,
    status: StatusCode,
    detail: BundleDetail,
) -> HttpResponse {
    let version = detail.view.bundle.version;
    let view = BundleDetailView::of(detail, &shell.settings().public_url);
    render::versioned(request, status, version, &view)
}

/// List bundles
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/", tag = "bundles",
    operation_id = "list_bundles",
    security(("bearer" = [])), params(BundleParams, PageParams),
    responses((status = 200, description = "A page of bundles", body = Vec<BundleView>)),
)]
async fn list(
    caller: Caller,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = list_params::<BundleParams>(&request, ListKind::Bundles)?;
    let found = shell
        .desk()
        .bundles
        .list(caller.actor(), filter, page)
        .await?;
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
    operation_id = "create_bundle",
    security(("bearer" = [])), params(RetryHeader), request_body = BundleBody,
    responses((
        status = 201, description = "Created", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!([
        "forbidden", "idempotency-running", "idempotency-mismatch"
    ]))),
)]
async fn create(
    caller: Caller,
    request: HttpRequest,
    retry: Retry,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let bundles = &shell.desk().bundles;
    let draft = body.validated::<BundleBody>();
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| bundles.create(by, draft).await,
            async |id| bundles.detail(caller.actor(), BundleId::new(id)).await,
            |detail| render_bundle(&request, &shell, StatusCode::CREATED, detail),
        )
        .await
}

/// Read a bundle
///
/// With the newest files that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    operation_id = "read_bundle",
    security(("bearer" = [])),
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
async fn one(
    caller: Caller,
    InPath(id): InPath<BundleId>,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let detail = shell.desk().bundles.detail(caller.actor(), id).await?;
    Ok(render_bundle(&request, &shell, StatusCode::OK, detail))
}

/// Change a bundle
///
/// For admins and superadmins.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    operation_id = "change_bundle",
    security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        VersionHeader,
    ),
    request_body = BundleChangeBody,
    responses((
        status = 200, description = "The bundle as it is now", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden", "precondition-failed"]))),
)]
async fn change(
    caller: Caller,
    InPath(id): InPath<BundleId>,
    request: HttpRequest,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let draft = body.validated::<BundleChangeBody>();
    let bundles = &shell.desk().bundles;
    let detail = bundles.change(caller.actor(), id, draft, &expected).await?;
    Ok(render_bundle(&request, &shell, StatusCode::OK, detail))
}

/// Assign a bundle's writer
///
/// For admins and superadmins. The new writer joins the bundle's threads that are not private; the
/// former one loses the bundle at once.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/assign_writer/", tag = "bundles",
    operation_id = "assign_writer",
    security(("bearer" = [])), params(("id" = i64, Path, description = "The bundle", minimum = 1)),
    request_body = AssignWriterBody,
    responses((
        status = 200, description = "The bundle as it is now", body = BundleDetailView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn assign_writer(
    caller: Caller,
    InPath(id): InPath<BundleId>,
    request: HttpRequest,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<AssignWriterBody>();
    let bundles = &shell.desk().bundles;
    let detail = bundles.assign_writer(caller.actor(), id, draft).await?;
    Ok(render_bundle(&request, &shell, StatusCode::OK, detail))
}

/// List a bundle's members
///
/// Everybody who can be a recipient there, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/members/", tag = "bundles",
    operation_id = "list_members",
    security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of members", body = Vec<MemberView>)),
)]
async fn members(
    caller: Caller,
    InPath(id): InPath<BundleId>,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let bundles = &shell.desk().bundles;
    let page = page_params(&request, ListKind::Members);
    let page =
        authorize_before_validation(page, async || bundles.see(caller.actor(), id).await).await?;
    let found = bundles.members(caller.actor(), id, page).await?;
    Ok(render::page(
        &request,
        ListKind::Members,
        found,
        MemberView::from,
    ))
}
