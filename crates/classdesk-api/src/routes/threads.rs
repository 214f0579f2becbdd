//! Threads: opening, listing, changing, and who is in them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use classdesk_domain::ids::{BundleId, ThreadId, UserId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::threads::{ThreadFilter, ThreadView as Thread};

use crate::call::{Answer, Call};
use crate::dto::{
    ParticipantBody, ReadMarkBody, SubjectFields, ThreadBody, ThreadChangeBody,
    ThreadOnSubjectBody, ThreadParams, ThreadView,
};
use crate::extract::{JsonBody, Path, required_subject};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

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
    request_body = ThreadBody,
    responses((status = 201, description = "Opened", body = ThreadView)),
)]
async fn create_thread(call: Call, Path(bundle): Path<BundleId>, body: JsonBody) -> Answer {
    let threads = &call.app().threads;
    let input = body.validated::<ThreadBody>();
    let about = SubjectRef::bundle(bundle);
    once(
        &call,
        &body,
        async |by| threads.open(by, &about, input).await,
        async |id| threads.get(call.actor(), ThreadId::new(id)).await,
        |thread| answer(&call, StatusCode::CREATED, thread),
    )
    .await
}

/// Open a thread on any subject
///
/// As on a bundle; the body names the subject.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/", tag = "threads",
    request_body = ThreadOnSubjectBody,
    responses((status = 201, description = "Opened", body = ThreadView)),
    extensions(("x-problems" = json!(["not-found"]))),
)]
async fn open_thread(call: Call, body: JsonBody) -> Answer {
    let threads = &call.app().threads;
    let (subject, input) = body.on_subject::<SubjectFields, ThreadBody>();
    once(
        &call,
        &body,
        async |by| {
            let about = required_subject(subject, &input)?;
            threads.open(by, &about, input).await
        },
        async |id| threads.get(call.actor(), ThreadId::new(id)).await,
        |thread| answer(&call, StatusCode::CREATED, thread),
    )
    .await
}

/// A thread that was opened or changed.
fn answer(call: &Call, status: StatusCode, thread: Thread) -> HttpResponse {
    let view = ThreadView::of(thread, call.public_url());
    render::written(status, view.version, &view)
}

/// List the threads on a bundle
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/threads/", tag = "threads",
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_bundle_threads(call: Call, Path(bundle): Path<BundleId>) -> Answer {
    let bundles = &call.app().bundles;
    bundles.authorize_see(call.actor(), bundle).await?;
    let page = call.page_params(ListKind::Threads)?;
    let filter = ThreadFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..ThreadFilter::default()
    };
    answer_list(&call, filter, page).await
}

/// List threads
///
/// The ones that the caller may see, latest activity first.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/", tag = "threads",
    params(ThreadParams),
    responses((status = 200, description = "A page of threads", body = Vec<ThreadView>)),
)]
async fn list_threads(call: Call) -> Answer {
    let (filter, page) = call.list_params::<ThreadParams>(ListKind::Threads)?;
    answer_list(&call, filter, page).await
}

async fn answer_list(call: &Call, filter: ThreadFilter, page: PageRequest) -> Answer {
    let threads = &call.app().threads;
    let found = threads.list(call.actor(), filter, page).await?;
    let url = call.public_url();
    let view = |thread| ThreadView::of(thread, url);
    call.page(ListKind::Threads, found, view)
}

/// Read a thread
///
/// For its participants and staff.
#[utoipa::path(
    get, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    responses((status = 200, description = "The thread", body = ThreadView)),
)]
async fn read_thread(call: Call, Path(id): Path<ThreadId>) -> Answer {
    let thread = call.app().threads.get(call.actor(), id).await?;
    let view = ThreadView::of(thread, call.public_url());
    render::versioned(call.request(), view.version, &view)
}

/// Change, close or reopen a thread
///
/// For its creator and staff.
#[utoipa::path(
    patch, path = "/api/v1/communications/threads/{id}/", tag = "threads",
    request_body = ThreadChangeBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_thread(call: Call, Path(id): Path<ThreadId>, body: JsonBody) -> Answer {
    let input = body.validated::<ThreadChangeBody>();
    let threads = &call.app().threads;
    let thread = threads.change(call.by(), id, input).await?;
    Ok(answer(&call, StatusCode::OK, thread))
}

/// Add a participant
///
/// For staff, who can add themselves as well.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/participants/", tag = "threads",
    request_body = ParticipantBody,
    responses((status = 200, description = "The thread as it is now", body = ThreadView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn add_participant(call: Call, Path(id): Path<ThreadId>, body: JsonBody) -> Answer {
    let input = body.validated::<ParticipantBody>();
    let threads = &call.app().threads;
    let thread = threads.add_participant(call.by(), id, input).await?;
    Ok(answer(&call, StatusCode::OK, thread))
}

/// Remove a participant
///
/// For staff, who can remove themselves as well.
#[utoipa::path(
    delete, path = "/api/v1/communications/threads/{id}/participants/{user_id}/", tag = "threads",
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn remove_participant(call: Call, Path((id, user)): Path<(ThreadId, UserId)>) -> Answer {
    let threads = &call.app().threads;
    call.refuse_parameters(threads.get(call.actor(), id))
        .await?;
    threads.remove_participant(call.by(), id, user).await?;
    Ok(render::no_content())
}

/// Mark a thread read
///
/// For its participants. The mark only moves forward.
#[utoipa::path(
    post, path = "/api/v1/communications/threads/{id}/read/", tag = "threads",
    request_body = Option<ReadMarkBody>,
    responses((status = 204, description = "Marked")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn mark_read(call: Call, Path(id): Path<ThreadId>, body: JsonBody) -> Answer {
    let input = body.validated_or::<ReadMarkBody>(None);
    let threads = &call.app().threads;
    threads.mark_read(call.by(), id, input).await?;
    Ok(render::no_content())
}
