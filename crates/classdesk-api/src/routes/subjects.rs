//! Subjects that live in another system: `subjects/`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use classdesk_domain::subjects::Registered;
use classdesk_http::problem::Problem;

use crate::dto::{SubjectBody, SubjectView};
use crate::extract::{Caller, JsonBody, SubjectPath};
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![put_subject, read_subject, remove_subject,];

/// Register or change a subject
///
/// For admins and superadmins. A new writer joins the subject's threads that are not private.
/// Class bundles are subjects by themselves and can't be registered.
#[utoipa::path(
    put, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    params(
        (
            "content_type" = String, Path, description = "Its kind, other than `class_bundle`",
            pattern = "^(?!class_bundle$)[a-z][a-z0-9_]{0,31}$",
        ),
        (
            "object_id" = i64, Path, description = "Its id in the system where it lives",
            minimum = 0,
        ),
    ),
    request_body = SubjectBody,
    responses(
        (status = 200, description = "The subject as it is now", body = SubjectView),
        (status = 201, description = "Registered", body = SubjectView),
    ),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn put_subject(
    caller: Caller,
    SubjectPath(subject): SubjectPath,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<SubjectBody>();
    let subjects = &state.app.subjects;
    Ok(match subjects.put(caller.actor(), &subject, input).await? {
        Registered::New(subject) => render::created(&SubjectView::from(subject)),
        Registered::Changed(subject) => render::ok(&SubjectView::from(subject)),
    })
}

/// Read a subject
///
/// For its parties and staff. Class bundles are found here as well.
#[utoipa::path(
    get, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    params(
        (
            "content_type" = String, Path, description = "Its kind",
            pattern = "^[a-z][a-z0-9_]{0,31}$",
        ),
        (
            "object_id" = i64, Path, description = "Its id in the system where it lives",
            minimum = 0,
        ),
    ),
    responses((status = 200, description = "The subject", body = SubjectView)),
)]
async fn read_subject(
    caller: Caller,
    SubjectPath(subject): SubjectPath,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let subject = state.app.subjects.get(caller.actor(), &subject).await?;
    Ok(render::ok(&SubjectView::from(subject)))
}

/// Remove a subject
///
/// For admins and superadmins, as long as no thread or ticket links to it.
#[utoipa::path(
    delete, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    params(
        (
            "content_type" = String, Path, description = "Its kind, other than `class_bundle`",
            pattern = "^(?!class_bundle$)[a-z][a-z0-9_]{0,31}$",
        ),
        (
            "object_id" = i64, Path, description = "Its id in the system where it lives",
            minimum = 0,
        ),
    ),
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden", "subject-in-use", "validation"]))),
)]
async fn remove_subject(
    caller: Caller,
    SubjectPath(subject): SubjectPath,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    state.app.subjects.delete(caller.actor(), &subject).await?;
    Ok(render::no_content())
}
