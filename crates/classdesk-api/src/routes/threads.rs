//! Threads: opening, listing, changing, and who is in them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::ids::{BundleId, ThreadId, UserId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::threads::ThreadFilter;
use classdesk_domain::validation::Validated;
use classdesk_http::problem::Problem;

use crate::dto::{
    IdempotencyHeader, PageParams, ParticipantBody, ReadMarkBody, ThreadBody, ThreadChangeBody,
    ThreadOnSubjectBody, ThreadParams, ThreadView,
};
use crate::extract::{Caller, JsonBody, Path, list_params, page_params, required_subject};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    create_thread,
    open_thread,
    list_bundle_threads,
    list_threads,
    read_thread,
    change_thread,
    add_participant,
    remove_participant,
    mark_read,
];

/// Open a thread on a bundle
///
/// For the bundle's parties and staff. In it are the bundle's client, its writer, the recipient and
/// the caller; in a private one the recipient and the caller alone.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/create_thread/", tag = "threads",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), IdempotencyHeader),
    request_body = ThreadBody,
    responses((status = 201, description = "Opened", body = ThreadView)),
)]
async fn create_thread(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &state.app.threads;
    let input = body.validated::<ThreadBody>();
    let about = SubjectRef::bundle(bundle);
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| threads.open(by, &about, input).await,
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| render::created(&ThreadView::of(thread, &state.public_url)),
        )
        .await
}

/// Open a thread on any subject
///
/// As on a bundle; the body names the subject.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/", tag = "threads",
    params(IdempotencyHeader),
    request_body = ThreadOnSubjectBody,
    responses((status = 201, description = "Opened", body = ThreadView)),
    extensions(("x-problems" = json!(["not-found"]))),
)]
async fn open_thread(
    caller: Caller,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let threads = &state.app.threads;
    let (subject, input) = body.on_subject::<ThreadOnSubjectBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| {
                let about = required_subject(subject, &input)?;
                threads.open(by, &about, input).await
            },
            async |id| threads.get(caller.actor(), ThreadId::new(id)).await,
            |thread| render::created(&ThreadView::of(thread, &state.public_url)),
        )
        .await
}

/// List the threads on a bundle
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/threads/", tag = "threads",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_bundle_threads(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    state
        .app
        .bundles
        .authorize_see(caller.actor(), bundle)
        .await?;
    let page = page_params(&request, ListKind::Threads)?;
    let filter = ThreadFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..ThreadFilter::default()
    };
    answer_list(&request, &state, &caller, filter, page).await
}

/// List threads
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/", tag = "threads",
    params(ThreadParams, PageParams),
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_threads(
    caller: Caller,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = list_params::<ThreadParams>(&request, ListKind::Threads)?;
    answer_list(&request, &state, &caller, filter, page).await
}

async fn answer_list(
    request: &HttpRequest,
    state: &AppState,
    caller: &Caller,
    filter: ThreadFilter,
    page: PageRequest,
) -> Result<HttpResponse, Problem> {
    let threads = &state.app.threads;
    let found = threads.list(caller.actor(), filter, page).await?;
    let url = &state.public_url;
    Ok(render::page(request, ListKind::Threads, found, |thread| {
        ThreadView::of(thread, url)
    }))
}

/// Read a thread
///
/// For its participants and staff.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    responses((status = 200, description = "The thread", body = ThreadView)),
)]
async fn read_thread(
    caller: Caller,
    Path(id): Path<ThreadId>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let thread = state.app.threads.get(caller.actor(), id).await?;
    Ok(render::ok(&ThreadView::of(thread, &state.public_url)))
}

/// Change, close or reopen a thread
///
/// For its creator and staff.
#[utoipa::path(
    patch, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = ThreadChangeBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_thread(
    caller: Caller,
    Path(id): Path<ThreadId>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<ThreadChangeBody>();
    let threads = &state.app.threads;
    let thread = threads.change(caller.actor(), id, input).await?;
    Ok(render::ok(&ThreadView::of(thread, &state.public_url)))
}

/// Add a participant
///
/// For staff, who can add themselves as well.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/participants/", tag = "threads",
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = ParticipantBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn add_participant(
    caller: Caller,
    Path(id): Path<ThreadId>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<ParticipantBody>();
    let threads = &state.app.threads;
    let thread = threads.add_participant(caller.actor(), id, input).await?;
    Ok(render::ok(&ThreadView::of(thread, &state.public_url)))
}

/// Remove a participant
///
/// For staff, who can remove themselves as well.
#[utoipa::path(
    delete, path = "/api/v1/communications/threads/{id}/participants/{user_id}/", tag = "threads",
    params(
        ("id" = i64, Path, description = "The thread", minimum = 1),
        ("user_id" = i64, Path, description = "The person", minimum = 1),
    ),
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn remove_participant(
    caller: Caller,
    Path((id, user)): Path<(ThreadId, UserId)>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let threads = &state.app.threads;
    threads.remove_participant(caller.actor(), id, user).await?;
    Ok(render::no_content())
}

/// Mark a thread read
///
/// For its participants. The mark only moves forward.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/read/", tag = "threads",
    params(("id" = i64, Path, description = "The thread", minimum = 1)),
    request_body = Option<ReadMarkBody>,
    responses((status = 204, description = "Marked")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn mark_read(
    caller: Caller,
    Path(id): Path<ThreadId>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = if body.is_empty() || body.bytes() == b"null" {
        Validated::valid(None)
    } else {
        body.validated::<ReadMarkBody>()
    };
    let threads = &state.app.threads;
    threads.mark_read(caller.actor(), id, input).await?;
    Ok(render::no_content())
}
