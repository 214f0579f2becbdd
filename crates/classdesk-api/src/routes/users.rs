//! People: `users/`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::ListKind;
use classdesk_http::problem::Problem;

use crate::dto::{IdempotencyHeader, PageParams, UserBody, UserChangeBody, UserParams, UserView};
use crate::extract::{Caller, JsonBody, Path, list_params};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints =
    endpoints![list_users, create_user, read_user, change_user,];

/// List people
///
/// For staff, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/users/", tag = "users",
    params(UserParams, PageParams),
    responses((status = 200, description = "A page of people", body = Vec<UserView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_users(
    caller: Caller,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let users = &state.app.users;
    users.authorize_list(caller.actor())?;
    let (filter, page) = list_params::<UserParams>(&request, ListKind::Users)?;
    let found = users.list(caller.actor(), filter, page).await?;
    Ok(render::page(
        &request,
        ListKind::Users,
        found,
        UserView::from,
    ))
}

/// Create a person
///
/// In a role that the caller manages.
#[utoipa::path(
    post, path = "/api/v1/users/", tag = "users",
    params(IdempotencyHeader),
    request_body = UserBody,
    responses((status = 201, description = "Created", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken"]))),
)]
async fn create_user(
    caller: Caller,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let users = &state.app.users;
    let input = body.validated::<UserBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| users.create(by, input).await,
            async |id| users.get(caller.actor(), UserId::new(id)).await,
            |user| render::created(&UserView::from(user)),
        )
        .await
}

/// Read a person
///
/// Oneself, or anybody for staff.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/", tag = "users",
    params(("id" = i64, Path, description = "The person", minimum = 1)),
    responses((status = 200, description = "The person", body = UserView)),
)]
async fn read_user(
    caller: Caller,
    Path(id): Path<UserId>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let user = state.app.users.get(caller.actor(), id).await?;
    Ok(render::ok(&UserView::from(user)))
}

/// Change a person
///
/// `display_name` and `email` by the person themselves; `role`, `is_active` and `password` by who
/// manages their role.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}/", tag = "users",
    params(("id" = i64, Path, description = "The person", minimum = 1)),
    request_body = UserChangeBody,
    responses((status = 200, description = "The person as they are now", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "email-taken"]))),
)]
async fn change_user(
    caller: Caller,
    Path(id): Path<UserId>,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let input = body.validated::<UserChangeBody>();
    let user = state.app.users.change(caller.actor(), id, input).await?;
    Ok(render::ok(&UserView::from(user)))
}
