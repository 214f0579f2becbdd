//! Messages in threads, and the files that come with them.

use actix_web::dev::Payload;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::ListKind;
use classdesk_http::download;
use classdesk_http::multipart::is_multipart;
use classdesk_http::problem::Problem;

use crate::dto::{
    DownloadAnswer, DownloadHeaders, IdempotencyHeader, MessageBody, MessageEditBody, MessageForm,
    MessageParams, MessageView, PageParams,
};
use crate::extract::{Caller, JsonBody, Path, authorize_before_validation, list_params};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

use super::upload;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    send_message,
    list_messages,
    edit_message,
    delete_message,
    download_message_attachment,
];

/// Send a message
///
/// For the thread's participants, as JSON or, with a file, as a form.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/messages/", tag = "messages",
    params(("id" = i64, Path, description = "The thread", minimum = 1), IdempotencyHeader),
    request_body(
        content((MessageBody = "application/json"), (MessageForm = "multipart/form-data")),
    ),
    responses((status = 201, description = "Sent", body = MessageView)),
    extensions(("x-problems" = json!(["forbidden", "thread-closed"]))),
)]
async fn send_message(
    caller: Caller,
    Path(thread): Path<ThreadId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if is_multipart(request.headers()) {
        send_form(&caller, thread, idempotent, &state, &request, payload).await
    } else {
        send_json(&caller, thread, idempotent, &state, &request, payload).await
    }
}

async fn send_json(
    caller: &Caller,
    thread: ThreadId,
    idempotent: IdempotentRequest,
    state: &AppState,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut payload: Payload = payload.into_inner();
    let body = JsonBody::from_request(request, &mut payload).await?;
    let input = body.validated::<MessageBody>();
    let messages = &state.app.messages;
    idempotent
        .once(
            caller,
            body.bytes(),
            async |by| messages.send(by, thread, input, None).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| render::created(&MessageView::of(message, &state.public_url)),
        )
        .await
}

async fn send_form(
    caller: &Caller,
    thread: ThreadId,
    idempotent: IdempotentRequest,
    state: &AppState,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let messages = &state.app.messages;
    let target = UploadTarget::Thread(thread);
    let form =
        upload::receive::<MessageForm>(caller, state, target, idempotent, request, payload).await?;
    form.attempt
        .finish(
            form.fingerprint,
            async |by| messages.send(by, thread, form.fields, form.upload).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| render::created(&MessageView::of(message, &state.public_url)),
        )
        .await
}

/// List the messages of a thread
///
/// For its participants and staff, oldest first.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/messages/", tag = "messages",
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
    caller: Caller,
    Path(thread): Path<ThreadId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let messages = &state.app.messages;
    let actor = caller.actor();
    let params = list_params::<MessageParams>(&request, ListKind::Messages);
    let (filter, page) = authorize_before_validation(params, async || {
        messages.authorize_list(actor, thread).await
    })
    .await?;
    let found = messages.list(actor, thread, filter, page).await?;
    let url = &state.public_url;
    Ok(render::page_with_etag(
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
    params(("id" = i64, Path, description = "The message", minimum = 1)),
    request_body = MessageEditBody,
    responses((status = 200, description = "The message as it is now", body = MessageView)),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over", "message-deleted"]))),
)]
async fn edit_message(
    caller: Caller,
    Path(id): Path<MessageId>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<MessageEditBody>();
    let messages = &state.app.messages;
    let message = messages.edit(caller.actor(), id, input).await?;
    Ok(render::ok(&MessageView::of(message, &state.public_url)))
}

/// Delete a message
///
/// For its sender, for fifteen minutes, and for staff. The message keeps its place without text and
/// file.
#[utoipa::path(
    delete, path = "/api/v1/communications/messages/{id}/", tag = "messages",
    params(("id" = i64, Path, description = "The message", minimum = 1)),
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over"]))),
)]
async fn delete_message(
    caller: Caller,
    Path(id): Path<MessageId>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    state.app.messages.delete(caller.actor(), id).await?;
    Ok(render::no_content())
}

/// Download the file of a message
///
/// For the thread's participants and staff.
#[utoipa::path(
    get, path = "/api/v1/communications/messages/{id}/attachment/", tag = "messages",
    params(("id" = i64, Path, description = "The message", minimum = 1), DownloadHeaders),
    responses(DownloadAnswer),
    extensions(("x-problems" = json!(["range-not-satisfiable"]))),
)]
async fn download_message_attachment(
    caller: Caller,
    Path(id): Path<MessageId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let app = &state.app;
    let file = app.messages.attachment(caller.actor(), id).await?;
    download::answer(&request, &app.downloads, &file).await
}
