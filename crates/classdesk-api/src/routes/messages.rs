//! Messages in threads, and the files that come with them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::ListKind;
use classdesk_domain::threads::{Message, MessagePage};
use classdesk_http::multipart::is_multipart;

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{
    DownloadAnswer, MessageBody, MessageEditBody, MessageForm, MessageParams, MessageView,
};
use crate::extract::{JsonBody, Path};
use crate::render;
use crate::routing::{Endpoints, endpoints};

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
    request_body(
        content((MessageBody = "application/json"), (MessageForm = "multipart/form-data")),
    ),
    responses((status = 201, description = "Sent", body = MessageView)),
    extensions(("x-problems" = json!(["forbidden", "thread-closed"]))),
)]
async fn send_message(call: Call, Path(thread): Path<ThreadId>, payload: web::Payload) -> Answer {
    let messages = &call.app().messages;
    let form = if is_multipart(call.request().headers()) {
        let target = UploadTarget::Thread(thread);
        upload::receive::<MessageForm>(&call, target, payload).await?
    } else {
        upload::receive_json::<MessageBody>(&call, payload).await?
    };
    form.attempt
        .finish(
            form.fingerprint,
            async |by| messages.send(by, thread, form.fields, form.upload).await,
            async |id| messages.get(call.actor(), MessageId::new(id)).await,
            |message| answer(&call, StatusCode::CREATED, message),
        )
        .await
}

/// List the messages of a thread
///
/// For its participants and staff, oldest first on every page.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/messages/", tag = "messages",
    params(MessageParams),
    responses((
        status = 200, description = "A page of messages", body = Vec<MessageView>,
        headers(("ETag" = String, description = "A digest of this answer.")),
    )),
)]
async fn list_messages(call: Call, Path(thread): Path<ThreadId>) -> Answer {
    let messages = &call.app().messages;
    let actor = call.actor();
    let params = call.list_params::<MessageParams>(ListKind::Messages);
    let authorize = messages.authorize_list(actor, thread);
    let (start, page) = authorize_before_validation(params, authorize).await?;
    let page = MessagePage::new(start, page);
    let found = messages.list(actor, thread, page).await?;
    let url = call.public_url();
    let view = |message| MessageView::of(message, url);
    render::page_with_etag(call.request(), ListKind::Messages, found, view)
}

/// Edit a message
///
/// For its sender, for fifteen minutes.
#[utoipa::path(
    patch, path = "/api/v1/communications/messages/{id}/", tag = "messages",
    request_body = MessageEditBody,
    responses((status = 200, description = "The message as it is now", body = MessageView)),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over", "message-deleted"]))),
)]
async fn edit_message(call: Call, Path(id): Path<MessageId>, body: JsonBody) -> Answer {
    let input = body.validated::<MessageEditBody>();
    let messages = &call.app().messages;
    let message = messages.edit(call.by(), id, input).await?;
    Ok(answer(&call, StatusCode::OK, message))
}

/// Delete a message
///
/// For its sender, for fifteen minutes, and for staff. The message keeps its place without text and
/// file.
#[utoipa::path(
    delete, path = "/api/v1/communications/messages/{id}/", tag = "messages",
    responses((status = 204, description = "Deleted")),
    extensions(("x-problems" = json!(["forbidden", "edit-window-over"]))),
)]
async fn delete_message(call: Call, Path(id): Path<MessageId>) -> Answer {
    let messages = &call.app().messages;
    call.refuse_parameters(messages.get(call.actor(), id))
        .await?;
    messages.delete(call.by(), id).await?;
    Ok(render::no_content())
}

/// A message that was sent or edited.
fn answer(call: &Call, status: StatusCode, message: Message) -> HttpResponse {
    let view = MessageView::of(message, call.public_url());
    render::written(status, view.version, &view)
}

/// Download the file of a message
///
/// For the thread's participants and staff.
#[utoipa::path(
    get,
    path = "/api/v1/communications/messages/{id}/attachment/",
    tag = "messages",
    responses(DownloadAnswer)
)]
async fn download_message_attachment(call: Call, Path(id): Path<MessageId>) -> Answer {
    let file = call.app().messages.attachment(call.actor(), id).await?;
    call.download(&file).await
}
