//! Threads: opening, listing, changing, and who is in them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::Validated;
use classdesk_domain::ids::{BundleId, ThreadId, UserId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::threads::ThreadFilter;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, list_params, page_params, required_subject};
use crate::problem::Problem;
use crate::render::{created, no_content, ok, page};
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{
    PageParams, ParticipantBody, ReadMarkBody, RetryHeader, ThreadBody, ThreadChangeBody,
    ThreadOnSubjectBody, ThreadParams, ThreadView,
};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    create_thread,
    open_thread,
    list_bundle_threads,
    list_threads,
    get_thread,
    change_thread,
    add_participant,
    remove_participant,
    mark_read
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/create_thread/")
                .post(create_thread),
        )
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/threads/")
                .get(list_bundle_threads),
        )
        .add(
            Endpoint::at("/api/v1/communications/threads/")
                .get(list_threads)
                .post(open_thread),
        )
        .add(
            Endpoint::at("/api/v1/communications/threads/{id}/")
                .get(get_thread)
                .patch(change_thread),
        )
        .add(
            Endpoint::at("/api/v1/communications/threads/{id}/participants/").post(add_participant),
        )
        .add(
            Endpoint::at("/api/v1/communications/threads/{id}/participants/{user_id}/")
                .delete(remove_participant),
        )
        .add(Endpoint::at("/api/v1/communications/threads/{id}/read/").post(mark_read));
}

/// Open a thread on a bundle
///
/// For the bundle's parties and staff. In it are the bundle's client, its writer, the recipient and
/// the caller; in a private one the recipient and the caller alone.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/create_thread/", tag = "threads",
    operation_id = "create_thread", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1),
        RetryHeader,
    ),
    request_body = ThreadBody,
    responses((
        status = 201, description = "Opened", body = ThreadView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["idempotency-running", "idempotency-mismatch"]))),
)]
async fn create_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let draft = body.validated::<ThreadBody>();
    let about = SubjectRef::bundle(bundle);
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| threads.open(by, &about, draft).await,
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| created(&ThreadView::of(thread, &shell.settings().public_url)),
        )
        .await
}

/// Open a thread on any subject
///
/// As on a bundle; the body names the subject.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/", tag = "threads",
    operation_id = "open_thread", security(("bearer" = [])),
    params(
        RetryHeader,
    ),
    request_body = ThreadOnSubjectBody,
    responses((
        status = 201, description = "Opened", body = ThreadView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),),
    )),
    extensions(("x-problems" = json!(["not-found", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn open_thread(
    shell: Data<Shell>,
    caller: Caller,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let (subject, draft) = body.on_subject::<ThreadOnSubjectBody>();
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| {
                let about = required_subject(subject, &draft)?;
                threads.open(by, &about, draft).await
            },
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| created(&ThreadView::of(thread, &shell.settings().public_url)),
        )
        .await
}

/// List the threads on a bundle
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/threads/", tag = "threads",
    operation_id = "list_bundle_threads", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_bundle_threads(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().bundles.see(caller.actor(), bundle).await?;
    let page = page_params(&request, ListKind::Threads)?;
    let filter = ThreadFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..ThreadFilter::default()
    };
    answer_list(&request, &shell, &caller, filter, page).await
}

/// List threads
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/", tag = "threads",
    operation_id = "list_threads", security(("bearer" = [])),
    params(ThreadParams, PageParams),
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_threads(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = list_params::<ThreadParams>(&request, ListKind::Threads)?;
    answer_list(&request, &shell, &caller, filter, page).await
}

async fn answer_list(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    filter: ThreadFilter,
    keyset: PageRequest,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    let found = threads.list(caller.actor(), filter, keyset).await?;
    let url = &shell.settings().public_url;
    Ok(page(request, ListKind::Threads, found, |thread| {
        ThreadView::of(thread, url)
    }))
}

/// Read a thread
///
/// For its participants and staff.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    operation_id = "read_thread", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    responses((status = 200, description = "The thread", body = ThreadView)),
)]
async fn get_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
) -> Result<HttpResponse, Problem> {
    let thread = shell.desk().threads.get(caller.actor(), id).await?;
    Ok(ok(&ThreadView::of(thread, &shell.settings().public_url)))
}

/// Change, close or reopen a thread
///
/// For its creator and staff.
#[utoipa::path(
    patch, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    operation_id = "change_thread", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = ThreadChangeBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_thread(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<ThreadChangeBody>();
    let threads = &shell.desk().threads;
    let thread = threads.change(caller.actor(), id, draft).await?;
    Ok(ok(&ThreadView::of(thread, &shell.settings().public_url)))
}

/// Add a participant
///
/// For staff, who can add themselves as well.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/participants/", tag = "threads",
    operation_id = "add_participant", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = ParticipantBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn add_participant(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<ParticipantBody>();
    let threads = &shell.desk().threads;
    let thread = threads.add_participant(caller.actor(), id, draft).await?;
    Ok(ok(&ThreadView::of(thread, &shell.settings().public_url)))
}

/// Remove a participant
///
/// For staff, who can remove themselves as well.
#[utoipa::path(
    delete, path = "/api/v1/communications/threads/{id}/participants/{user_id}/", tag = "threads",
    operation_id = "remove_participant", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The thread", minimum = 1),
        ("user_id" = i64, Path, description = "The person", minimum = 1),
    ),
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn remove_participant(
    shell: Data<Shell>,
    caller: Caller,
    InPath((id, user)): InPath<(ThreadId, UserId)>,
) -> Result<HttpResponse, Problem> {
    let threads = &shell.desk().threads;
    threads.remove_participant(caller.actor(), id, user).await?;
    Ok(no_content())
}

/// Mark a thread read
///
/// For its participants. The mark only moves forward.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/read/", tag = "threads",
    operation_id = "mark_read", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = Option<ReadMarkBody>,
    responses((status = 204, description = "Marked")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn mark_read(
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<ThreadId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let draft = if body.is_empty() || body.bytes() == b"null" {
        Validated::valid(None)
    } else {
        body.validated::<ReadMarkBody>()
    };
    let threads = &shell.desk().threads;
    threads.mark_read(caller.actor(), id, draft).await?;
    Ok(no_content())
}
