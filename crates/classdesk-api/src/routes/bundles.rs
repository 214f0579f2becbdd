//! Class bundles: `class-management/class-bundles/`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use classdesk_domain::bundles::BundleDetail;
use classdesk_domain::ids::BundleId;
use classdesk_domain::paging::ListKind;
use classdesk_domain::{ExternalId, Put};

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{
    AssignWriterBody, BundleBody, BundleChangeBody, BundleDetailView, BundleParams, BundleView,
    MemberView, PutBundleBody,
};
use crate::extract::{JsonBody, Path};
use crate::idempotency::once;
use crate::output::to_json;
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    list_bundles,
    create_bundle,
    read_bundle,
    put_bundle,
    change_bundle,
    assign_writer,
    list_members,
];

/// A bundle with so many of its files as have room.
fn fitted(call: &Call, detail: BundleDetail) -> BundleDetailView {
    let mut view = BundleDetailView::of(detail, call.public_url());
    if to_json(&view).len() > render::LIMIT {
        let files = std::mem::take(&mut view.files);
        let room = render::LIMIT.saturating_sub(to_json(&view).len());
        view.files = render::within(room, files);
    }
    view
}

/// A bundle that was created or changed.
fn answer(call: &Call, status: StatusCode, detail: BundleDetail) -> HttpResponse {
    let view = fitted(call, detail);
    render::written(status, view.bundle.version, &view)
}

/// List bundles
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/", tag = "bundles",
    params(BundleParams),
    responses((status = 200, description = "A page of bundles", body = Vec<BundleView>)),
)]
async fn list_bundles(call: Call) -> Answer {
    let (filter, page) = call.list_params::<BundleParams>(ListKind::Bundles)?;
    let found = call.app().bundles.list(call.actor(), filter, page).await?;
    call.page(ListKind::Bundles, found, BundleView::from)
}

/// Create a bundle
///
/// For admins and superadmins.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/", tag = "bundles",
    request_body = BundleBody,
    responses((status = 201, description = "Created", body = BundleDetailView)),
    extensions(("x-problems" = json!(["forbidden", "external-id-taken"]))),
)]
async fn create_bundle(call: Call, body: JsonBody) -> Answer {
    let bundles = &call.app().bundles;
    let input = body.validated::<BundleBody>();
    once(
        &call,
        &body,
        async |by| bundles.create(by, input).await,
        async |id| bundles.detail(call.actor(), BundleId::new(id)).await,
        |detail| answer(&call, StatusCode::CREATED, detail),
    )
    .await
}

/// Read a bundle
///
/// With the newest files that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    responses((status = 200, description = "The bundle", body = BundleDetailView)),
)]
async fn read_bundle(call: Call, Path(id): Path<BundleId>) -> Answer {
    let detail = call.app().bundles.detail(call.actor(), id).await?;
    let view = fitted(&call, detail);
    render::versioned(call.request(), view.bundle.version, &view)
}

/// Create a bundle, or make it what another system says
///
/// For admins and superadmins, below `ext:ID`. Its client stays. Sent again it changes nothing.
#[utoipa::path(
    put, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    request_body = PutBundleBody,
    responses(
        (status = 200, description = "The bundle as it is now", body = BundleDetailView),
        (status = 201, description = "Created", body = BundleDetailView),
    ),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn put_bundle(call: Call, Path(id): Path<ExternalId>, body: JsonBody) -> Answer {
    let input = body.validated::<PutBundleBody>();
    let bundles = &call.app().bundles;
    let (status, detail) = match bundles.put(call.by(), &id, input).await? {
        Put::Created(detail) => (StatusCode::CREATED, detail),
        Put::Changed(detail) | Put::Unchanged(detail) => (StatusCode::OK, detail),
    };
    Ok(answer(&call, status, detail))
}

/// Change a bundle
///
/// For admins and superadmins.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/", tag = "bundles",
    request_body = BundleChangeBody,
    responses((status = 200, description = "The bundle as it is now", body = BundleDetailView)),
    extensions(("x-problems" = json!(["forbidden", "external-id-taken"]))),
)]
async fn change_bundle(call: Call, Path(id): Path<BundleId>, body: JsonBody) -> Answer {
    let input = body.validated::<BundleChangeBody>();
    let bundles = &call.app().bundles;
    let detail = bundles.change(call.by(), id, input).await?;
    Ok(answer(&call, StatusCode::OK, detail))
}

/// Assign a bundle's writer
///
/// For admins and superadmins. The new writer joins the bundle's threads that are not private; the
/// former one loses the bundle at once.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/assign_writer/", tag = "bundles",
    request_body = AssignWriterBody,
    responses((status = 200, description = "The bundle as it is now", body = BundleDetailView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn assign_writer(call: Call, Path(id): Path<BundleId>, body: JsonBody) -> Answer {
    let input = body.validated::<AssignWriterBody>();
    let bundles = &call.app().bundles;
    let detail = bundles.assign_writer(call.by(), id, input).await?;
    Ok(answer(&call, StatusCode::OK, detail))
}

/// List a bundle's members
///
/// Everybody who can be a recipient there, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/members/", tag = "bundles",
    responses((status = 200, description = "A page of members", body = Vec<MemberView>)),
)]
async fn list_members(call: Call, Path(id): Path<BundleId>) -> Answer {
    let bundles = &call.app().bundles;
    let page = call.page_params(ListKind::Members);
    let page = authorize_before_validation(page, bundles.authorize_see(call.actor(), id)).await?;
    let found = bundles.members(call.actor(), id, page).await?;
    call.page(ListKind::Members, found, MemberView::from)
}
