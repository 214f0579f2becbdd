//! Files of bundles.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::files::BundleFile;
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::ListKind;

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{BundleFileChangeBody, BundleFileForm, BundleFileView, DownloadAnswer};
use crate::extract::{JsonBody, Path};
use crate::render;
use crate::routing::{Endpoints, endpoints};

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
    request_body(content = BundleFileForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Stored", body = BundleFileView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn upload_file(call: Call, Path(bundle): Path<BundleId>, payload: web::Payload) -> Answer {
    let files = &call.app().files;
    let target = UploadTarget::Bundle(bundle);
    let form = upload::receive::<BundleFileForm>(&call, target, payload).await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| {
                let file = upload::required(form.upload, &form.fields)?;
                files.add(by, bundle, file, form.fields).await
            },
            async |id| files.get(call.actor(), bundle, FileId::new(id)).await,
            |file| answer(&call, StatusCode::CREATED, file),
        )
        .await
}

/// A file that was put there or changed.
fn answer(call: &Call, status: StatusCode, file: BundleFile) -> HttpResponse {
    let view = BundleFileView::of(file, call.public_url());
    render::written(status, view.version, &view)
}

/// List the files of a bundle
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/", tag = "files",
    responses((status = 200, description = "A page of files", body = Vec<BundleFileView>)),
)]
async fn list_files(call: Call, Path(bundle): Path<BundleId>) -> Answer {
    let actor = call.actor();
    let bundles = &call.app().bundles;
    let page = call.page_params(ListKind::Files);
    let page = authorize_before_validation(page, bundles.authorize_see(actor, bundle)).await?;
    let found = call.app().files.list(actor, bundle, page).await?;
    let url = call.public_url();
    let view = |file| BundleFileView::of(file, url);
    call.page(ListKind::Files, found, view)
}

/// Read what is known of a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    responses((status = 200, description = "The file", body = BundleFileView)),
)]
async fn read_file(call: Call, Path((bundle, id)): Path<(BundleId, FileId)>) -> Answer {
    let file = call.app().files.get(call.actor(), bundle, id).await?;
    let view = BundleFileView::of(file, call.public_url());
    render::versioned(call.request(), view.version, &view)
}

/// Describe a file, or set who sees it
///
/// Its uploader and staff change the description, staff alone who sees it.
#[utoipa::path(
    patch, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    request_body = BundleFileChangeBody,
    responses((status = 200, description = "The file as it is now", body = BundleFileView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_file(
    call: Call,
    Path((bundle, id)): Path<(BundleId, FileId)>,
    body: JsonBody,
) -> Answer {
    let input = body.validated::<BundleFileChangeBody>();
    let files = &call.app().files;
    let file = files.change(call.by(), bundle, id, input).await?;
    Ok(answer(&call, StatusCode::OK, file))
}

/// Delete a file
///
/// For its uploader and staff.
#[utoipa::path(
    delete, path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/", tag = "files",
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn delete_file(call: Call, Path((bundle, id)): Path<(BundleId, FileId)>) -> Answer {
    let files = &call.app().files;
    let visible = files.get(call.actor(), bundle, id);
    call.refuse_parameters(visible).await?;
    files.delete(call.by(), bundle, id).await?;
    Ok(render::no_content())
}

/// Download a file
///
/// For staff, and for the party that it is visible to.
#[utoipa::path(
    get,
    path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/",
    tag = "files",
    responses(DownloadAnswer)
)]
async fn download_file(call: Call, Path((bundle, id)): Path<(BundleId, FileId)>) -> Answer {
    let file = call.app().files.download(call.actor(), bundle, id).await?;
    call.download(&file).await
}
