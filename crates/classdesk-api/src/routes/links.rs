//! Links to files, for browsers: `links/`, and `link/` below each file.

use actix_web::HttpRequest;
use actix_web::web::Data;
use classdesk_domain::ids::{BundleId, FileId, MessageId, TicketAttachmentId, TicketId};
use classdesk_domain::links::LinkedFile;
use classdesk_http::{context, download};

use crate::call::{Answer, Call};
use crate::dto::{DownloadAnswer, FileLinkBody, FileLinkView};
use crate::extract::{JsonBody, Path};
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    link_file,
    link_message_attachment,
    link_ticket_attachment,
    open_link,
];

/// Make a link to a file of a bundle
///
/// It opens without a token, for up to five minutes, while the caller may see the file.
#[utoipa::path(
    post,
    path = "/api/v1/class-management/class-bundles/{id}/files/{file_id}/download/link/",
    tag = "files",
    request_body = FileLinkBody,
    responses((status = 201, description = "The link", body = FileLinkView)),
)]
async fn link_file(
    call: Call,
    Path((bundle, file)): Path<(BundleId, FileId)>,
    body: JsonBody,
) -> Answer {
    make(&call, LinkedFile::Bundle(bundle, file), &body).await
}

/// Make a link to the file of a message
///
/// It opens without a token, for up to five minutes, while the caller may see the message.
#[utoipa::path(
    post,
    path = "/api/v1/communications/messages/{id}/attachment/link/",
    tag = "messages",
    request_body = FileLinkBody,
    responses((status = 201, description = "The link", body = FileLinkView)),
)]
async fn link_message_attachment(
    call: Call,
    Path(message): Path<MessageId>,
    body: JsonBody,
) -> Answer {
    make(&call, LinkedFile::Message(message), &body).await
}

/// Make a link to a file of a ticket
///
/// It opens without a token, for up to five minutes, while the caller may see the file.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{id}/attachments/{attachment_id}/download/link/",
    tag = "tickets",
    request_body = FileLinkBody,
    responses((status = 201, description = "The link", body = FileLinkView)),
)]
async fn link_ticket_attachment(
    call: Call,
    Path((ticket, attachment)): Path<(TicketId, TicketAttachmentId)>,
    body: JsonBody,
) -> Answer {
    make(&call, LinkedFile::Ticket(ticket, attachment), &body).await
}

async fn make(call: &Call, file: LinkedFile, body: &JsonBody) -> Answer {
    let input = body.validated::<FileLinkBody>();
    let made = call.app().links.make(call.by(), file, input).await?;
    Ok(render::created(&FileLinkView::of(made, call.public_url())))
}

/// Open a link to a file
///
/// Without a token. Whatever is wrong with a link, and whatever has become of the file or of whom
/// it was made for, is 404.
#[utoipa::path(
    get, path = "/api/v1/links/", tag = "files", security(()),
    params(("token" = String, Query, description = "What the link says, signed.")),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["not-found"]))),
)]
async fn open_link(request: HttpRequest, state: Data<AppState>) -> Answer {
    // It stands in the query, which is in no log line.
    let token = request.query_string().strip_prefix("token=");
    let opened = state.app.links.open(token.unwrap_or_default()).await?;
    context::set_user(&request, opened.person);
    let downloads = &state.app.downloads;
    download::answer(&request, downloads, &opened.download, opened.disposition).await
}
