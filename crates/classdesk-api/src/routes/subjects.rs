//! Subjects that live in another system: `subjects/`.

use actix_web::http::StatusCode;
use classdesk_domain::subjects::{Registered, SubjectRef};

use crate::call::{Answer, Call};
use crate::dto::{SubjectBody, SubjectView};
use crate::extract::{JsonBody, Path, SubjectName};
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![put_subject, read_subject, remove_subject,];

/// Register or change a subject
///
/// For admins and superadmins. A new writer joins the subject's threads that are not private. Below
/// `ext:ID`, a new subject is given the next number of its kind.
/// Class bundles are subjects by themselves and can't be registered.
#[utoipa::path(
    put, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    request_body = SubjectBody,
    responses(
        (status = 200, description = "The subject as it is now", body = SubjectView),
        (status = 201, description = "Registered", body = SubjectView),
    ),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn put_subject(call: Call, Path(name): Path<SubjectName>, body: JsonBody) -> Answer {
    let input = body.validated::<SubjectBody>();
    let subjects = &call.app().subjects;
    let put = match name {
        SubjectName::Number(subject) => subjects.put(call.by(), &subject, input).await?,
        SubjectName::External(kind, id) => {
            subjects.put_external(call.by(), &kind, &id, input).await?
        }
    };
    let (status, subject) = match put {
        Registered::New(subject) => (StatusCode::CREATED, subject),
        Registered::Changed(subject) => (StatusCode::OK, subject),
    };
    let view = SubjectView::from(subject);
    Ok(render::written(status, view.version, &view))
}

/// Read a subject
///
/// For its parties and staff. Class bundles are found here as well.
#[utoipa::path(
    get, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    responses((status = 200, description = "The subject", body = SubjectView)),
)]
async fn read_subject(call: Call, Path(subject): Path<SubjectRef>) -> Answer {
    let subject = call.app().subjects.get(call.actor(), &subject).await?;
    let view = SubjectView::from(subject);
    render::versioned(call.request(), view.version, &view)
}

/// Remove a subject
///
/// For admins and superadmins, as long as no thread or ticket links to it.
#[utoipa::path(
    delete, path = "/api/v1/subjects/{content_type}/{object_id}/", tag = "subjects",
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden", "subject-in-use", "validation"]))),
)]
async fn remove_subject(call: Call, Path(subject): Path<SubjectRef>) -> Answer {
    let subjects = &call.app().subjects;
    call.refuse_parameters(subjects.get(call.actor(), &subject))
        .await?;
    subjects.delete(call.by(), &subject).await?;
    Ok(render::no_content())
}
