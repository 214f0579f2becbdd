//! Messages and files of tickets.

use actix_web::web;
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::ListKind;

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{
    DownloadAnswer, SeekParams, TicketAttachmentForm, TicketAttachmentView, TicketMessageBody,
    TicketMessageView,
};
use crate::extract::{JsonBody, Path, no_parameters};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

use super::upload;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    add_ticket_message,
    list_ticket_messages,
    delete_ticket_message,
    attach_to_ticket,
    list_ticket_attachments,
    delete_ticket_attachment,
    download_ticket_attachment,
];

/// Write to a ticket
///
/// For its requester and staff. An answer of the requester opens a ticket that awaits one or is
/// closed.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    request_body = TicketMessageBody,
    responses((status = 201, description = "Added", body = TicketMessageView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn add_ticket_message(call: Call, Path(id): Path<TicketId>, body: JsonBody) -> Answer {
    let tickets = &call.app().tickets;
    let input = body.validated::<TicketMessageBody>();
    once(
        &call,
        &body,
        async |by| tickets.add_message(by, id, input).await,
        async |note| {
            tickets
                .message(call.actor(), TicketMessageId::new(note))
                .await
        },
        |message| render::created(&TicketMessageView::from(message)),
    )
    .await
}

/// List the messages of a ticket
///
/// The ones that the caller may see, oldest first on every page.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/messages/", tag = "tickets",
    params(SeekParams),
    responses((status = 200, description = "A page of messages", body = Vec<TicketMessageView>)),
)]
async fn list_ticket_messages(call: Call, Path(id): Path<TicketId>) -> Answer {
    let tickets = &call.app().tickets;
    let actor = call.actor();
    let page = call.seek_params(ListKind::TicketMessages);
    let page = authorize_before_validation(page, tickets.get(actor, id)).await?;
    let found = tickets.messages(actor, id, page).await?;
    call.page(ListKind::TicketMessages, found, TicketMessageView::from)
}

/// Delete a message of a ticket
///
/// For staff. It keeps its place, without its text.
#[utoipa::path(
    delete, path = "/api/v1/tickets/{id}/messages/{message_id}/", tag = "tickets",
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn delete_ticket_message(
    call: Call,
    Path((id, message)): Path<(TicketId, TicketMessageId)>,
) -> Answer {
    let tickets = &call.app().tickets;
    let known = no_parameters(call.request());
    authorize_before_validation(known, tickets.get(call.actor(), id)).await?;
    tickets.delete_message(call.by(), id, message).await?;
    Ok(render::no_content())
}

/// Attach a file to a ticket
///
/// For its requester and staff; the parts of the form come in any order.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/attachments/", tag = "tickets",
    request_body(content = TicketAttachmentForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Attached", body = TicketAttachmentView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn attach_to_ticket(call: Call, Path(id): Path<TicketId>, payload: web::Payload) -> Answer {
    let tickets = &call.app().tickets;
    let target = UploadTarget::Ticket(id);
    let form = upload::receive::<TicketAttachmentForm>(&call, target, payload).await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| {
                let file = upload::required(form.upload, &form.fields)?;
                tickets.attach(by, id, file, form.fields).await
            },
            async |file| {
                let file = TicketAttachmentId::new(file);
                let found = tickets.attachment(call.actor(), id, file).await;
                found.map(|(attachment, _)| attachment)
            },
            |file| render::created(&TicketAttachmentView::of(file, call.public_url())),
        )
        .await
}

/// List the files of a ticket
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/attachments/", tag = "tickets",
    responses((status = 200, description = "A page of files", body = Vec<TicketAttachmentView>)),
)]
async fn list_ticket_attachments(call: Call, Path(id): Path<TicketId>) -> Answer {
    let tickets = &call.app().tickets;
    let actor = call.actor();
    let page = call.page_params(ListKind::TicketAttachments);
    let page = authorize_before_validation(page, tickets.get(actor, id)).await?;
    let found = tickets.attachments(actor, id, page).await?;
    let url = call.public_url();
    let view = |file| TicketAttachmentView::of(file, url);
    call.page(ListKind::TicketAttachments, found, view)
}

/// Delete a file of a ticket
///
/// For staff. A line of the ticket's history is left of it.
#[utoipa::path(
    delete, path = "/api/v1/tickets/{id}/attachments/{attachment_id}/", tag = "tickets",
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn delete_ticket_attachment(
    call: Call,
    Path((id, attachment)): Path<(TicketId, TicketAttachmentId)>,
) -> Answer {
    let tickets = &call.app().tickets;
    let known = no_parameters(call.request());
    authorize_before_validation(known, tickets.get(call.actor(), id)).await?;
    tickets.delete_attachment(call.by(), id, attachment).await?;
    Ok(render::no_content())
}

/// Download a file of a ticket
///
/// For those who may see it.
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{id}/attachments/{attachment_id}/download/",
    tag = "tickets",
    responses(DownloadAnswer)
)]
async fn download_ticket_attachment(
    call: Call,
    Path((id, attachment)): Path<(TicketId, TicketAttachmentId)>,
) -> Answer {
    let tickets = &call.app().tickets;
    let (_, file) = tickets.attachment(call.actor(), id, attachment).await?;
    call.download(&file).await
}
