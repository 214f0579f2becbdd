//! People: `users/`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::ListKind;
use classdesk_domain::people::User;

use crate::call::{Answer, Call};
use crate::dto::{UserBody, UserChangeBody, UserParams, UserView};
use crate::extract::{JsonBody, Path};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints =
    endpoints![list_users, create_user, read_user, change_user,];

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
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken"]))),
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

/// Change a person
///
/// `display_name` and `email` by the person themselves; `role`, `is_active` and `password` by who
/// manages their role. One's own password is changed with `change_password`. The last active
/// superadmin stays one.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}/", tag = "users",
    request_body = UserChangeBody,
    responses((status = 200, description = "The person as they are now", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "email-taken", "last-superadmin", "too-many-assignments"]))),
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
