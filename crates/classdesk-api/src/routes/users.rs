//! People: `users/`.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::ListKind;
use classdesk_domain::people::User;
use classdesk_domain::{ExternalId, Put};
use futures_util::StreamExt;

use crate::call::{Answer, Call};
use crate::dto::{ImportedUserBody, PutUserBody, UserBody, UserChangeBody, UserParams, UserView};
use crate::extract::{JsonBody, Path, json_lines, no_parameters};
use crate::idempotency::once;
use crate::import::{ImportLine, import};
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    list_users,
    create_user,
    import_users,
    read_user,
    put_user,
    change_user,
];

/// List people
///
/// For staff, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/users/", tag = "users",
    params(UserParams),
    responses((status = 200, description = "A page of people", body = Vec<UserView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_users(call: Call) -> Answer {
    let users = &call.app().users;
    users.authorize_list(call.actor())?;
    let (filter, page) = call.list_params::<UserParams>(ListKind::Users)?;
    let found = users.list(call.actor(), filter, page).await?;
    call.page(ListKind::Users, found, UserView::from)
}

/// Create a person
///
/// In a role that the caller manages.
#[utoipa::path(
    post, path = "/api/v1/users/", tag = "users",
    request_body = UserBody,
    responses((status = 201, description = "Created", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken", "external-id-taken"]))),
)]
async fn create_user(call: Call, body: JsonBody) -> Answer {
    let users = &call.app().users;
    let input = body.validated::<UserBody>();
    once(
        &call,
        &body,
        async |by| users.create(by, input).await,
        async |id| users.get(call.actor(), UserId::new(id)).await,
        |user| answer(StatusCode::CREATED, user),
    )
    .await
}

/// Import people
///
/// A person on each line, at most 10,000 lines in 8 MiB. Each is created or made what the line says,
/// for whoever manages their role, and answered by a line. Wrong lines don't stop the others.
#[utoipa::path(
    post, path = "/api/v1/users/import/", tag = "users",
    request_body(content = ImportedUserBody, content_type = "application/jsonl"),
    responses((
        status = 200, description = "What came of each line", body = ImportLine,
        content_type = "application/jsonl",
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn import_users(call: Call, payload: Payload) -> Answer {
    call.app().users.authorize_put(call.actor())?;
    call.check_unversioned()?;
    no_parameters(call.request())?;
    let text = json_lines(call.request(), payload).await?;
    let (state, by) = (call.state().clone(), call.by());
    let lines = import(&text, move |id, person| {
        let (state, by) = (state.clone(), by.clone());
        async move { state.app.users.put(by, &id, person).await }
    })?;
    let lines = lines.map(|line| Ok::<_, Infallible>(Bytes::from(line.to_json())));
    let mut response = HttpResponse::Ok();
    Ok(response.content_type("application/jsonl").streaming(lines))
}

/// Read a person
///
/// The caller; for staff, any user.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/", tag = "users",
    responses((status = 200, description = "The person", body = UserView)),
)]
async fn read_user(call: Call, Path(id): Path<UserId>) -> Answer {
    let view = UserView::from(call.app().users.get(call.actor(), id).await?);
    render::versioned(call.request(), view.version, &view)
}

/// Create a person, or make them what another system says
///
/// For whoever manages their role. Sent again it changes nothing.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/", tag = "users",
    request_body = PutUserBody,
    responses(
        (status = 200, description = "The person as they are now", body = UserView),
        (status = 201, description = "Created", body = UserView),
    ),
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken", "last-superadmin", "too-many-assignments"]))),
)]
async fn put_user(call: Call, Path(id): Path<ExternalId>, body: JsonBody) -> Answer {
    let input = body.validated::<PutUserBody>();
    Ok(match call.app().users.put(call.by(), &id, input).await? {
        Put::Created(user) => answer(StatusCode::CREATED, user),
        Put::Changed(user) | Put::Unchanged(user) => answer(StatusCode::OK, user),
    })
}

/// Change a person
///
/// `display_name`, `email`, `language` and `time_zone` by the person themselves; these and all others
/// by who manages their role. One's own password is changed with `change_password`. The last active
/// superadmin stays one.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}/", tag = "users",
    request_body = UserChangeBody,
    responses((status = 200, description = "The person as they are now", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken", "external-id-taken", "last-superadmin", "too-many-assignments"]))),
)]
async fn change_user(call: Call, Path(id): Path<UserId>, body: JsonBody) -> Answer {
    let input = body.validated::<UserChangeBody>();
    let user = call.app().users.change(call.by(), id, input).await?;
    Ok(answer(StatusCode::OK, user))
}

/// A person who was created or changed.
fn answer(status: StatusCode, user: User) -> HttpResponse {
    let view = UserView::from(user);
    render::written(status, view.version, &view)
}
