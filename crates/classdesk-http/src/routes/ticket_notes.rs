//! Messages and files of tickets.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, authorize_before_validation, page_params};
use crate::problem::Problem;
use crate::render::{created, page};
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::transfer::download;
use crate::wire::{
    DownloadAnswer, DownloadHeaders, PageParams, RetryHeader, TicketAttachmentForm,
    TicketAttachmentView, TicketMessageBody, TicketMessageView,
};

use super::upload;

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    add_message,
    list_messages,
    attach,
    list_attachments,
    download_attachment
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(
            Endpoint::at("/api/v1/tickets/{id}/messages/")
                .get(list_messages)
                .post(add_message),
        )
        .add(
            Endpoint::at("/api/v1/tickets/{id}/attachments/")
                .get(list_attachments)
                .post(attach),
        )
        .add(
            Endpoint::at("/api/v1/tickets/{id}/attachments/{attachment_id}/download/")
                .get(download_attachment),
        );
}

/// Write to a ticket
///
/// For its requester and staff. An answer of the requester opens a ticket that awaits one or is
/// closed.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    operation_id = "add_ticket_message", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket", minimum = 1),
        RetryHeader,
    ),
    request_body = TicketMessageBody,
    responses((
        status = 201, description = "Added", body = TicketMessageView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn add_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let draft = body.validated::<TicketMessageBody>();
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| tickets.add_message(by, id, draft).await,
            async |note| {
                tickets
                    .message(caller.actor(), TicketMessageId::new(note))
                    .await
            },
            |message| created(&TicketMessageView::from(message)),
        )
        .await
}

/// List the messages of a ticket
///
/// The ones that the caller may see, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    operation_id = "list_ticket_messages", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of messages", body = Vec<TicketMessageView>)),
)]
async fn list_messages(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset = authorize_before_validation(
        page_params(&request, ListKind::TicketMessages),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.messages(actor, id, keyset).await?;
    Ok(page(
        &request,
        ListKind::TicketMessages,
        found,
        TicketMessageView::from,
    ))
}

/// Attach a file to a ticket
///
/// For its requester and staff; the parts of the form come in any order.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/attachments/", tag = "tickets",
    operation_id = "attach_to_ticket", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket", minimum = 1),
        RetryHeader,
    ),
    request_body(content = TicketAttachmentForm, content_type = "multipart/form-data"),
    responses((
        status = 201, description = "Attached", body = TicketAttachmentView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn attach(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let target = UploadTarget::Ticket(id);
    let form =
        upload::receive::<TicketAttachmentForm>(&caller, &shell, target, retry, &request, payload)
            .await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| {
                let file = upload::required(form.upload, &form.fields)?;
                tickets.attach(by, id, file, form.fields).await
            },
            async |file| {
                let file = TicketAttachmentId::new(file);
                let found = tickets.attachment(caller.actor(), id, file).await;
                found.map(|(attachment, _)| attachment)
            },
            |file| {
                created(&TicketAttachmentView::of(
                    file,
                    &shell.settings().public_url,
                ))
            },
        )
        .await
}

/// List the files of a ticket
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/attachments/", tag = "tickets",
    operation_id = "list_ticket_attachments", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of files", body = Vec<TicketAttachmentView>)),
)]
async fn list_attachments(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset = authorize_before_validation(
        page_params(&request, ListKind::TicketAttachments),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.attachments(actor, id, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(&request, ListKind::TicketAttachments, found, |file| {
        TicketAttachmentView::of(file, url)
    }))
}

/// Download a file of a ticket
///
/// For whoever may see it.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/attachments/{attachment_id}/download/", tag = "tickets",
    operation_id = "download_ticket_attachment", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The ticket", minimum = 1),
        ("attachment_id" = i64, Path, description = "The file", minimum = 1),
        DownloadHeaders,
    ),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable", "precondition-failed"]))),
)]
async fn download_attachment(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath((id, attachment)): InPath<(TicketId, TicketAttachmentId)>,
) -> Result<HttpResponse, Problem> {
    let desk = shell.desk();
    let (_, file) = desk
        .tickets
        .attachment(caller.actor(), id, attachment)
        .await?;
    download::answer(&request, &desk.downloads, &file).await
}
