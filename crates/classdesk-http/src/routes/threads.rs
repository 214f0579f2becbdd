//! Threads: opening, listing, changing, and who is in them.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::{Draft, FieldFault, Invalid};
use classdesk_domain::ids::{BundleId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Keyset, List};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::text::{MessageText, SubjectLine};
use classdesk_domain::threads::{NewThread, ThreadChange, ThreadFilter};

use crate::Shell;
use crate::extract::{
    Caller, Fields, InPath, JsonBody, NamedSubject, QueryReader, named_subject, read,
};
use crate::problem::Problem;
use crate::render::{created, no_content, ok, page};
use crate::retry::Retry;
use crate::routing::Endpoint;
use crate::views::ThreadView;

/// Registers the endpoints.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/create_thread/")
                .post(create_thread)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/threads/")
                .get(list_bundle_threads)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/threads/")
                .get(list_threads)
                .post(open_thread)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/threads/{id}/")
                .get(get_thread)
                .patch(change_thread)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/threads/{id}/participants/")
                .post(add_participant)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/threads/{id}/participants/{user_id}/")
                .delete(remove_participant)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/communications/threads/{id}/read/")
                .post(mark_read)
                .service(),
        );
}

async fn create_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let draft = body.draft(read_new_thread);
    let about = SubjectRef::bundle(bundle);
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| threads.open(by, &about, draft).await,
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| created(&ThreadView::new(thread, &shell.settings().public_url)),
        )
        .await
}

async fn open_thread(
    shell: Data<Shell>,
    caller: Caller,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let mut about = None;
    let draft = body.draft(|fields| {
        about = NamedSubject::required(fields);
        read_new_thread(fields)
    });
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| {
                let about = named_subject(about, &draft)?;
                threads.open(by, &about, draft).await
            },
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| created(&ThreadView::new(thread, &shell.settings().public_url)),
        )
        .await
}

fn read_new_thread(fields: &mut Fields) -> Option<NewThread> {
    let recipient_id = fields.required("recipient_id", read::id);
    let subject = fields.optional("subject", read::text(SubjectLine::parse));
    let initial_message = fields.optional("initial_message", read::text(MessageText::parse));
    let is_private = fields.optional("is_private", read::boolean);
    Some(NewThread {
        recipient_id: recipient_id?,
        subject,
        initial_message,
        is_private: is_private.unwrap_or_default(),
    })
}

async fn list_bundle_threads(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().bundles.see(caller.actor(), bundle).await?;
    let mut query = QueryReader::of(&request);
    let page = query.page(List::Threads);
    query.finish()?;
    let filter = ThreadFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..ThreadFilter::default()
    };
    answer_list(&request, &shell, &caller, filter, page).await
}

async fn list_threads(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = read_list(&request)?;
    answer_list(&request, &shell, &caller, filter, page).await
}

fn read_list(request: &HttpRequest) -> Result<(ThreadFilter, Keyset), Invalid> {
    let mut query = QueryReader::of(request);
    let filter = ThreadFilter {
        content_type: query.optional("content_type", SubjectKind::parse),
        object_id: query.optional("object_id", read::integer_parameter),
        unread: query.optional("unread", read::boolean_parameter),
        mine: query.optional("participant", participant).is_some(),
    };
    let page = query.page(List::Threads);
    query.finish()?;
    Ok((filter, page))
}

fn participant(text: &str) -> Result<(), FieldFault> {
    match text {
        "me" => Ok(()),
        _ => Err(FieldFault::NotAChoice {
            allowed: "me".to_owned(),
        }),
    }
}

async fn answer_list(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    filter: ThreadFilter,
    keyset: Keyset,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let found = threads.list(caller.actor(), filter, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(request, List::Threads, found, |thread| {
        ThreadView::new(thread, url)
    }))
}

async fn get_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
) -> Result<HttpResponse, Problem> {
    let thread = shell.desk().threads.get(caller.actor(), id).await?;
    Ok(ok(&ThreadView::new(thread, &shell.settings().public_url)))
}

async fn change_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.draft(|fields| {
        Some(ThreadChange {
            subject: fields.optional("subject", read::text(SubjectLine::parse)),
            is_active: fields.optional("is_active", read::boolean),
        })
    });
    let threads = &shell.desk().threads;
    let thread = threads.change(caller.actor(), id, draft).await?;
    Ok(ok(&ThreadView::new(thread, &shell.settings().public_url)))
}

async fn add_participant(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.draft(|fields| fields.required("user_id", read::id::<UserId>));
    let threads = &shell.desk().threads;
    let thread = threads.add_participant(caller.actor(), id, draft).await?;
    Ok(ok(&ThreadView::new(thread, &shell.settings().public_url)))
}

async fn remove_participant(
    shell: Data<Shell>,
    caller: Caller,
    InPath((id, user)): InPath<(ThreadId, UserId)>,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    threads.remove_participant(caller.actor(), id, user).await?;
    Ok(no_content())
}

async fn mark_read(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = if body.is_empty() {
        Draft::valid(None)
    } else {
        body.draft(|fields| Some(fields.optional("up_to", read::id::<MessageId>)))
    };
    let threads = &shell.desk().threads;
    threads.mark_read(caller.actor(), id, draft).await?;
    Ok(no_content())
}
