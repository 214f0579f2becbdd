//! Messages in threads, and the files that come with them.

use actix_web::dev::Payload;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::error::Invalid;
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::{Keyset, List};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{MessageFilter, MessageKind, NewMessage};

use crate::Shell;
use crate::extract::{Caller, Fields, InPath, JsonBody, QueryReader, read, rights_first};
use crate::problem::Problem;
use crate::render::{created, no_content, ok, page};
use crate::retry::Retry;
use crate::routing::Endpoint;
use crate::transfer::download;
use crate::transfer::form::{FormShape, PartType};
use crate::transfer::multipart::{is_multipart, read_form};
use crate::views::MessageView;

/// What a message with a file may consist of.
const WITH_FILE: FormShape = FormShape {
    file: "attachment",
    file_required: false,
    typed: &[
        ("recipient_id", PartType::Integer),
        ("reply_to", PartType::Integer),
    ],
};

/// Registers the endpoints.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/api/v1/communications/threads/{id}/messages/")
                .get(list_messages)
                .post(send_message)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/messages/{id}/")
                .patch(edit_message)
                .delete(delete_message)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/messages/{id}/attachment/")
                .get(download_attachment)
                .service(),
        );
}

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
    let draft = body.draft(|fields| {
        let text = fields.required("message", read::text(MessageText::parse_maybe_empty));
        read_message(fields, text)
    });
    let messages = &shell.desk().messages;
    retry
        .once(
            caller,
            body.bytes(),
            async |by| messages.send(by, thread, draft, None).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| created(&MessageView::new(message, &shell.settings().public_url)),
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
    let (messages, uploads) = (&shell.desk().messages, &shell.desk().uploads);
    let target = UploadTarget::Thread(thread);
    let permit = uploads.begin(caller.actor(), target).await?;
    let mut attempt = retry.begin(caller).await?;
    let sink = attempt.sink(uploads, &permit);
    let mut form = attempt
        .during(read_form(request, payload, WITH_FILE, sink))
        .await?;
    let (fingerprint, upload) = (form.fingerprint(), form.take_upload());
    let draft = form.draft(WITH_FILE, |fields| {
        let text = fields.optional("message", read::text(MessageText::parse_maybe_empty));
        read_message(fields, Some(text.unwrap_or_else(MessageText::empty)))
    });
    attempt
        .finish(
            fingerprint,
            async |by| messages.send(by, thread, draft, upload).await,
            async |id| messages.get(caller.actor(), MessageId::new(id)).await,
            |message| created(&MessageView::new(message, &shell.settings().public_url)),
        )
        .await
}

/// Whether the text may be empty, the service knows: it depends on whether there is a file.
fn read_message(fields: &mut Fields, text: Option<MessageText>) -> Option<NewMessage> {
    let recipient_id = fields.optional("recipient_id", read::id);
    let kind = fields.optional("message_type", read::text(MessageKind::parse_sendable));
    let reply_to = fields.optional("reply_to", read::id);
    Some(NewMessage {
        recipient_id,
        text: text?,
        kind: kind.unwrap_or(MessageKind::Text),
        reply_to,
    })
}

async fn list_messages(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(thread): InPath<ThreadId>,
) -> Result<HttpResponse, Problem> {
    let messages = &shell.desk().messages;
    let actor = caller.actor();
    let (filter, keyset) = rights_first(read_list(&request), async || {
        messages.may_list(actor, thread).await
    })
    .await?;
    let found = messages.list(actor, thread, filter, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(&request, List::Messages, found, |message| {
        MessageView::new(message, url)
    }))
}

fn read_list(request: &HttpRequest) -> Result<(MessageFilter, Keyset), Invalid> {
    let mut query = QueryReader::of(request);
    let filter = MessageFilter {
        after: query.optional("after", read::id_parameter),
        before: query.optional("before", read::id_parameter),
    };
    let page = query.page(List::Messages);
    query.finish()?;
    Ok((filter, page))
}

async fn edit_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<MessageId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft =
        body.draft(|fields| fields.required("message", read::text(MessageText::parse_maybe_empty)));
    let messages = &shell.desk().messages;
    let message = messages.edit(caller.actor(), id, draft).await?;
    Ok(ok(&MessageView::new(message, &shell.settings().public_url)))
}

async fn delete_message(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<MessageId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().messages.delete(caller.actor(), id).await?;
    Ok(no_content())
}

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
