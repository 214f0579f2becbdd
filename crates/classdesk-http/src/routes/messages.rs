//! Messages in threads, and the files that come with them.

use actix_web::dev::Payload;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, authorize_before_validation, list_params};
use crate::problem::Problem;
use crate::render::{created, digested_page, no_content, ok};
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::transfer::download;
use crate::transfer::multipart::is_multipart;
use crate::wire::{
    DownloadAnswer, DownloadHeaders, MessageBody, MessageEditBody, MessageForm, MessageParams,
    MessageView, PageParams, RetryHeader,
};

use super::upload;

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    send_message,
    list_messages,
    edit_message,
    delete_message,
    download_attachment
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(
            Endpoint::at("/api/v1/communications/threads/{id}/messages/")
                .get(list_messages)
                .post(send_message),
        )
        .add(
            Endpoint::at("/api/v1/communications/messages/{id}/")
                .patch(edit_message)
                .delete(delete_message),
        )
        .add(
            Endpoint::at("/api/v1/communications/messages/{id}/attachment/")
                .get(download_attachment),
        );
}

/// Send a message
///
/// For the thread's participants, as JSON or, with a file, as a form.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/messages/", tag = "messages",
    operation_id = "send_message", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The thread", minimum = 1),
        RetryHeader,
    ),
    request_body(content(
        (MessageBody = "application/json"),
        (MessageForm = "multipart/form-data"),
    )),
    responses((
        status = 201, description = "Sent", body = MessageView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "thread-closed", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn send_message(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(thread): InPath<ThreadId>,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if is_multipart(request.headers()) {
        send_form(&request, &shell, &caller, thread, retry, payload).await
    } else {
        send_json(&request, &shell, &caller, thread, retry, payload).await
    }
}

async fn send_json(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    thread: ThreadId,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut payload: Payload = payload.into_inner();
    let body = JsonBody::from_request(request, &mut payload).await?;
    let draft = body.validated::<MessageBody>();
    let messages = &shell.desk().messages;
    retry
        .once(
            caller,
            body.bytes(),
            async |by| messages.send(by, thread, draft, None).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| created(&MessageView::of(message, &shell.settings().public_url)),
        )
        .await
}

async fn send_form(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    thread: ThreadId,
    retry: Retry,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let messages = &shell.desk().messages;
    let target = UploadTarget::Thread(thread);
    let form =
        upload::receive::<MessageForm>(caller, shell, target, retry, request, payload).await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| messages.send(by, thread, form.fields, form.upload).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| created(&MessageView::of(message, &shell.settings().public_url)),
        )
        .await
}

/// List the messages of a thread
///
/// For its participants and staff, oldest first.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/messages/", tag = "messages",
    operation_id = "list_messages", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The thread", minimum = 1), MessageParams, PageParams,
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that are known."),
    ),
    responses(
        (
            status = 200, description = "A page of messages", body = Vec<MessageView>,
            headers(("ETag" = String, description = "A digest of this answer.")),
        ),
        (status = 304, description = "It still is what `If-None-Match` names"),
    ),
)]
async fn list_messages(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(thread): InPath<ThreadId>,
) -> Result<HttpResponse, Problem> {
    let messages = &shell.desk().messages;
    let actor = caller.actor();
    let params = list_params::<MessageParams>(&request, ListKind::Messages);
    let (filter, keyset) =
        authorize_before_validation(params, async || messages.may_list(actor, thread).await)
            .await?;
    let found = messages.list(actor, thread, filter, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(digested_page(
        &request,
        ListKind::Messages,
        found,
        |message| MessageView::of(message, url),
    ))
}

/// Edit a message
///
/// For its sender, for fifteen minutes.
#[utoipa::path(
    patch, path = "/api/v1/communications/messages/{id}/", tag = "messages",
    operation_id = "edit_message", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The message", minimum = 1)),
    request_body = MessageEditBody,
    responses((status = 200, description = "The message as it is now", body = MessageView)),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over", "message-deleted"]))),
)]
async fn edit_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<MessageId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<MessageEditBody>();
    let messages = &shell.desk().messages;
    let message = messages.edit(caller.actor(), id, draft).await?;
    Ok(ok(&MessageView::of(message, &shell.settings().public_url)))
}

/// Delete a message
///
/// For its sender, for fifteen minutes, and for staff. The message keeps its place without text and
/// file.
#[utoipa::path(
    delete, path = "/api/v1/communications/messages/{id}/", tag = "messages",
    operation_id = "delete_message", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The message", minimum = 1)),
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over"]))),
)]
async fn delete_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<MessageId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().messages.delete(caller.actor(), id).await?;
    Ok(no_content())
}

/// Download the file of a message
///
/// For the thread's participants and staff.
#[utoipa::path(
    get, path = "/api/v1/communications/messages/{id}/attachment/", tag = "messages",
    operation_id = "download_message_attachment", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The message", minimum = 1),
        DownloadHeaders,
    ),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable", "precondition-failed"]))),
)]
async fn download_attachment(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<MessageId>,
) -> Result<HttpResponse, Problem> {
    let desk = shell.desk();
    let file = desk.messages.attachment(caller.actor(), id).await?;
    download::answer(&request, &desk.downloads, &file).await
}
