//! Files of bundles.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, authorize_before_validation, page_params};
use crate::problem::Problem;
use crate::render::{created, no_content, ok, page};
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::transfer::download;
use crate::wire::{
    BundleFileChangeBody, BundleFileForm, BundleFileView, DownloadAnswer, DownloadHeaders,
    PageParams, RetryHeader,
};

use super::upload;

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    upload_file,
    list_files,
    get_file,
    change_file,
    delete_file,
    download_file
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/upload_file/")
                .post(upload_file),
        )
        .add(Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/").get(list_files))
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/{file_id}/")
                .get(get_file)
                .patch(change_file)
                .delete(delete_file),
        )
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/")
                .get(download_file),
        );
}

/// Put a file on a bundle
///
/// For the bundle's parties and staff; the parts of the form come in any order.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/upload_file/", tag = "files",
    operation_id = "upload_file", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1),
        RetryHeader,
    ),
    request_body(content = BundleFileForm, content_type = "multipart/form-data"),
    responses((
        status = 201, description = "Stored", body = BundleFileView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn upload_file(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let files = &shell.desk().files;
    let target = UploadTarget::Bundle(bundle);
    let form = upload::receive::<BundleFileForm>(&caller, &shell, target, retry, &request, payload)
        .await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| {
                let file = upload::required(form.upload, &form.fields)?;
                files.add(by, bundle, file, form.fields).await
            },
            async |id| files.get(caller.actor(), bundle, FileId::new(id)).await,
            |file| created(&BundleFileView::of(file, &shell.settings().public_url)),
        )
        .await
}

/// List the files of a bundle
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/", tag = "files",
    operation_id = "list_files", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of files", body = Vec<BundleFileView>)),
)]
async fn list_files(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    let desk = shell.desk();
    let actor = caller.actor();
    let keyset = authorize_before_validation(page_params(&request, ListKind::Files), async || {
        desk.bundles.see(actor, bundle).await
    })
    .await?;
    let found = desk.files.list(actor, bundle, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(&request, ListKind::Files, found, |file| {
        BundleFileView::of(file, url)
    }))
}

/// Read what is known of a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    operation_id = "read_file", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), ("file_id" = i64, Path, description = "The file", minimum = 1)),
    responses((status = 200, description = "The file", body = BundleFileView)),
)]
async fn get_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
) -> Result<HttpResponse, Problem> {
    let file = shell.desk().files.get(caller.actor(), bundle, id).await?;
    Ok(ok(&BundleFileView::of(file, &shell.settings().public_url)))
}

/// Describe a file, or set who sees it
///
/// Its uploader and staff change the description, staff alone who sees it.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    operation_id = "change_file", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), ("file_id" = i64, Path, description = "The file", minimum = 1)),
    request_body = BundleFileChangeBody,
    responses((status = 200, description = "The file as it is now", body = BundleFileView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<BundleFileChangeBody>();
    let files = &shell.desk().files;
    let file = files.change(caller.actor(), bundle, id, draft).await?;
    Ok(ok(&BundleFileView::of(file, &shell.settings().public_url)))
}

/// Delete a file
///
/// For its uploader and staff.
#[utoipa::path(
    delete, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    operation_id = "delete_file", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), ("file_id" = i64, Path, description = "The file", minimum = 1)),
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn delete_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
) -> Result<HttpResponse, Problem> {
    let files = &shell.desk().files;
    files.delete(caller.actor(), bundle, id).await?;
    Ok(no_content())
}

/// Download a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/", tag = "files",
    operation_id = "download_file", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The bundle", minimum = 1),
        ("file_id" = i64, Path, description = "The file", minimum = 1),
        DownloadHeaders,
    ),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable", "precondition-failed"]))),
)]
async fn download_file(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
) -> Result<HttpResponse, Problem> {
    let desk = shell.desk();
    let file = desk.files.download(caller.actor(), bundle, id).await?;
    download::answer(&request, &desk.downloads, &file).await
}
