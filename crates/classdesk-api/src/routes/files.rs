//! Files of bundles.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::ListKind;
use classdesk_http::download;
use classdesk_http::problem::Problem;

use crate::dto::{
    BundleFileChangeBody, BundleFileForm, BundleFileView, DownloadAnswer, DownloadHeaders,
    IdempotencyHeader, PageParams,
};
use crate::extract::{Caller, JsonBody, Path, authorize_before_validation, page_params};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

use super::upload;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    upload_file,
    list_files,
    read_file,
    change_file,
    delete_file,
    download_file,
];

/// Put a file on a bundle
///
/// For the bundle's parties and staff; the parts of the form come in any order.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/upload_file/", tag = "files",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), IdempotencyHeader),
    request_body(content = BundleFileForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Stored", body = BundleFileView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn upload_file(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let files = &state.app.files;
    let target = UploadTarget::Bundle(bundle);
    let form =
        upload::receive::<BundleFileForm>(&caller, &state, target, idempotent, &request, payload)
            .await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| {
                let file = upload::required(form.upload, &form.fields)?;
                files.add(by, bundle, file, form.fields).await
            },
            async |id| files.get(caller.actor(), bundle, FileId::new(id)).await,
            |file| render::created(&BundleFileView::of(file, &state.public_url)),
        )
        .await
}

/// List the files of a bundle
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/", tag = "files",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of files", body = Vec<BundleFileView>)),
)]
async fn list_files(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let app = &state.app;
    let actor = caller.actor();
    let page = authorize_before_validation(page_params(&request, ListKind::Files), async || {
        app.bundles.authorize_see(actor, bundle).await
    })
    .await?;
    let found = app.files.list(actor, bundle, page).await?;
    let url = &state.public_url;
    Ok(render::page(&request, ListKind::Files, found, |file| {
        BundleFileView::of(file, url)
    }))
}

/// Read what is known of a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("file_id" = i64, Path, description = "The file", minimum = 1),
    ),
    responses((status = 200, description = "The file", body = BundleFileView)),
)]
async fn read_file(
    caller: Caller,
    Path((bundle, id)): Path<(BundleId, FileId)>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let file = state.app.files.get(caller.actor(), bundle, id).await?;
    Ok(render::ok(&BundleFileView::of(file, &state.public_url)))
}

/// Describe a file, or set who sees it
///
/// Its uploader and staff change the description, staff alone who sees it.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("file_id" = i64, Path, description = "The file", minimum = 1),
    ),
    request_body = BundleFileChangeBody,
    responses((status = 200, description = "The file as it is now", body = BundleFileView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_file(
    caller: Caller,
    Path((bundle, id)): Path<(BundleId, FileId)>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<BundleFileChangeBody>();
    let files = &state.app.files;
    let file = files.change(caller.actor(), bundle, id, input).await?;
    Ok(render::ok(&BundleFileView::of(file, &state.public_url)))
}

/// Delete a file
///
/// For its uploader and staff.
#[utoipa::path(
    delete, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("file_id" = i64, Path, description = "The file", minimum = 1),
    ),
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn delete_file(
    caller: Caller,
    Path((bundle, id)): Path<(BundleId, FileId)>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let files = &state.app.files;
    files.delete(caller.actor(), bundle, id).await?;
    Ok(render::no_content())
}

/// Download a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/",
    tag = "files",
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("file_id" = i64, Path, description = "The file", minimum = 1), DownloadHeaders,
    ),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable"]))),
)]
async fn download_file(
    caller: Caller,
    Path((bundle, id)): Path<(BundleId, FileId)>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let app = &state.app;
    let file = app.files.download(caller.actor(), bundle, id).await?;
    download::answer(&request, &app.downloads, &file).await
}
