//! Messages and files of tickets.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::List;
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::NewTicketMessage;

use crate::Shell;
use crate::extract::{Caller, Fields, InPath, JsonBody, QueryReader, read, rights_first};
use crate::problem::Problem;
use crate::render::{created, page};
use crate::retry::Retry;
use crate::routing::Endpoint;
use crate::transfer::download;
use crate::transfer::form::{FormShape, PartType};
use crate::transfer::multipart::read_form;
use crate::views::{TicketAttachmentView, TicketMessageView};

use super::files::stored;

/// What an attachment consists of.
const ATTACHMENT: FormShape = FormShape {
    file: "file",
    file_required: true,
    typed: &[("is_internal", PartType::Boolean)],
};

/// Registers the endpoints.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/api/v1/tickets/{id}/messages/")
                .get(list_messages)
                .post(add_message)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/tickets/{id}/attachments/")
                .get(list_attachments)
                .post(attach)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/tickets/{id}/attachments/{attachment_id}/download/")
                .get(download_attachment)
                .service(),
        );
}

async fn add_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let draft = body.draft(|fields| {
        let text = fields.required("message", read::text(MessageText::parse));
        let is_internal = fields.optional("is_internal", read::boolean);
        Some(NewTicketMessage {
            text: text?,
            is_internal: is_internal.unwrap_or_default(),
        })
    });
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

async fn list_messages(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset = rights_first(
        QueryReader::page_alone(&request, List::TicketMessages),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.messages(actor, id, keyset).await?;
    Ok(page(
        &request,
        List::TicketMessages,
        found,
        TicketMessageView::from,
    ))
}

async fn attach(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (tickets, uploads) = (&shell.desk().tickets, &shell.desk().uploads);
    let target = UploadTarget::Ticket(id);
    let permit = uploads.begin(caller.actor(), target).await?;
    let mut attempt = retry.begin(&caller).await?;
    let sink = attempt.sink(uploads, &permit);
    let mut form = attempt
        .during(read_form(&request, payload, ATTACHMENT, sink))
        .await?;
    let (fingerprint, upload) = (form.fingerprint(), form.take_upload());
    let draft = form.draft(ATTACHMENT, |fields: &mut Fields| {
        let is_internal = fields.optional("is_internal", read::boolean);
        Some(is_internal.unwrap_or_default())
    });
    attempt
        .finish(
            fingerprint,
            async |by| {
                let upload = stored(upload, &draft)?;
                tickets.attach(by, id, upload, draft).await
            },
            async |file| {
                let file = TicketAttachmentId::new(file);
                let found = tickets.attachment(caller.actor(), id, file).await;
                found.map(|(attachment, _)| attachment)
            },
            |file| {
                created(&TicketAttachmentView::new(
                    file,
                    &shell.settings().public_url,
                ))
            },
        )
        .await
}

async fn list_attachments(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset = rights_first(
        QueryReader::page_alone(&request, List::TicketAttachments),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.attachments(actor, id, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(&request, List::TicketAttachments, found, |file| {
        TicketAttachmentView::new(file, url)
    }))
}

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
