//! Files of bundles.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::error::{Draft, Error};
use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::List;
use classdesk_domain::text::Description;

use crate::Shell;
use crate::extract::{Caller, Fields, InPath, JsonBody, QueryReader, read, rights_first};
use crate::problem::Problem;
use crate::render::{created, no_content, ok, page};
use crate::retry::Retry;
use crate::routing::Endpoint;
use crate::transfer::download;
use crate::transfer::form::{FormShape, PartType};
use crate::transfer::multipart::read_form;
use crate::views::BundleFileView;

/// What an upload consists of.
const UPLOAD: FormShape = FormShape {
    file: "file",
    file_required: true,
    typed: &[
        ("is_visible_to_client", PartType::Boolean),
        ("is_visible_to_writer", PartType::Boolean),
    ],
};

/// Registers the endpoints.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/upload_file/")
                .post(upload_file)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/")
                .get(list_files)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/{file_id}/")
                .get(get_file)
                .patch(change_file)
                .delete(delete_file)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/")
                .get(download_file)
                .service(),
        );
}

async fn upload_file(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (files, uploads) = (&shell.desk().files, &shell.desk().uploads);
    let target = UploadTarget::Bundle(bundle);
    let permit = uploads.begin(caller.actor(), target).await?;
    let mut attempt = retry.begin(&caller).await?;
    let sink = attempt.sink(uploads, &permit);
    let mut form = attempt
        .during(read_form(&request, payload, UPLOAD, sink))
        .await?;
    let (fingerprint, upload) = (form.fingerprint(), form.take_upload());
    let draft = form.draft(UPLOAD, read_new_file);
    attempt
        .finish(
            fingerprint,
            async |by| {
                let upload = stored(upload, &draft)?;
                files.add(by, bundle, upload, draft).await
            },
            async |id| files.get(caller.actor(), bundle, FileId::new(id)).await,
            |file| created(&BundleFileView::new(file, &shell.settings().public_url)),
        )
        .await
}

/// The file of a form that needs one. Where there is none, the form has a fault that says why.
pub(super) fn stored<F, T>(upload: Option<F>, draft: &Draft<T>) -> Result<F, Error> {
    match (upload, draft.accept()) {
        (Some(upload), _) => Ok(upload),
        (None, Err(invalid)) => Err(invalid.into()),
        (None, Ok(_)) => unreachable!("a form without its file is faulty"),
    }
}

fn read_new_file(fields: &mut Fields) -> Option<NewFile> {
    let description = fields.optional("description", read::text(Description::parse));
    Some(NewFile {
        description: description.unwrap_or_default(),
        is_visible_to_client: fields.optional("is_visible_to_client", read::boolean),
        is_visible_to_writer: fields.optional("is_visible_to_writer", read::boolean),
    })
}

async fn list_files(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    let desk = shell.desk();
    let actor = caller.actor();
    let keyset = rights_first(QueryReader::page_alone(&request, List::Files), async || {
        desk.bundles.see(actor, bundle).await
    })
    .await?;
    let found = desk.files.list(actor, bundle, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(&request, List::Files, found, |file| {
        BundleFileView::new(file, url)
    }))
}

async fn get_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
) -> Result<HttpResponse, Problem> {
    let file = shell.desk().files.get(caller.actor(), bundle, id).await?;
    Ok(ok(&BundleFileView::new(file, &shell.settings().public_url)))
}

async fn change_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.draft(|fields| {
        Some(FileChange {
            description: fields.optional("description", read::text(Description::parse)),
            is_visible_to_client: fields.optional("is_visible_to_client", read::boolean),
            is_visible_to_writer: fields.optional("is_visible_to_writer", read::boolean),
        })
    });
    let files = &shell.desk().files;
    let file = files.change(caller.actor(), bundle, id, draft).await?;
    Ok(ok(&BundleFileView::new(file, &shell.settings().public_url)))
}

async fn delete_file(
    shell: Data<Shell>,
    caller: Caller,
    InPath((bundle, id)): InPath<(BundleId, FileId)>,
) -> Result<HttpResponse, Problem> {
    let files = &shell.desk().files;
    files.delete(caller.actor(), bundle, id).await?;
    Ok(no_content())
}

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
