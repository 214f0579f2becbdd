//! Messages and files of tickets.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::ListKind;
use classdesk_http::download;
use classdesk_http::problem::Problem;

use crate::dto::{
    DownloadAnswer, DownloadHeaders, IdempotencyHeader, PageParams, TicketAttachmentForm,
    TicketAttachmentView, TicketMessageBody, TicketMessageView,
};
use crate::extract::{Caller, JsonBody, Path, authorize_before_validation, page_params};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

use super::upload;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    add_ticket_message,
    list_ticket_messages,
    attach_to_ticket,
    list_ticket_attachments,
    download_ticket_attachment,
];

/// Write to a ticket
///
/// For its requester and staff. An answer of the requester opens a ticket that awaits one or is
/// closed.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket", minimum = 1), IdempotencyHeader),
    request_body = TicketMessageBody,
    responses((status = 201, description = "Added", body = TicketMessageView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn add_ticket_message(
    caller: Caller,
    Path(id): Path<TicketId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let input = body.validated::<TicketMessageBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| tickets.add_message(by, id, input).await,
            async |note| {
                tickets
                    .message(caller.actor(), TicketMessageId::new(note))
                    .await
            },
            |message| render::created(&TicketMessageView::from(message)),
        )
        .await
}

/// List the messages of a ticket
///
/// The ones that the caller may see, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of messages", body = Vec<TicketMessageView>)),
)]
async fn list_ticket_messages(
    caller: Caller,
    Path(id): Path<TicketId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let actor = caller.actor();
    let page = authorize_before_validation(
        page_params(&request, ListKind::TicketMessages),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.messages(actor, id, page).await?;
    Ok(render::page(
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
    params(("id" = i64, Path, description = "The ticket", minimum = 1), IdempotencyHeader),
    request_body(content = TicketAttachmentForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Attached", body = TicketAttachmentView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn attach_to_ticket(
    caller: Caller,
    Path(id): Path<TicketId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let target = UploadTarget::Ticket(id);
    let form = upload::receive::<TicketAttachmentForm>(
        &caller, &state, target, idempotent, &request, payload,
    )
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
            |file| render::created(&TicketAttachmentView::of(file, &state.public_url)),
        )
        .await
}

/// List the files of a ticket
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/attachments/", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of files", body = Vec<TicketAttachmentView>)),
)]
async fn list_ticket_attachments(
    caller: Caller,
    Path(id): Path<TicketId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let actor = caller.actor();
    let page = authorize_before_validation(
        page_params(&request, ListKind::TicketAttachments),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.attachments(actor, id, page).await?;
    let url = &state.public_url;
    Ok(render::page(
        &request,
        ListKind::TicketAttachments,
        found,
        |file| TicketAttachmentView::of(file, url),
    ))
}

/// Download a file of a ticket
///
/// For whoever may see it.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/attachments/{attachment_id}/download/", tag = "tickets",
    params(
        ("id" = i64, Path, description = "The ticket", minimum = 1),
        ("attachment_id" = i64, Path, description = "The file", minimum = 1), DownloadHeaders,
    ),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable"]))),
)]
async fn download_ticket_attachment(
    caller: Caller,
    Path((id, attachment)): Path<(TicketId, TicketAttachmentId)>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let app = &state.app;
    let (_, file) = app
        .tickets
        .attachment(caller.actor(), id, attachment)
        .await?;
    download::answer(&request, &app.downloads, &file).await
}
