//! People: `users/`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, list_params};
use crate::problem::Problem;
use crate::render;
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{PageParams, RetryHeader, UserBody, UserChangeBody, UserParams, UserView};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(list, create, one, change))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(Endpoint::at("/api/v1/users/").get(list).post(create))
        .add(Endpoint::at("/api/v1/users/{id}/").get(one).patch(change));
}

/// List people
///
/// For staff, by ascending id.
#[utoipa::path(
    get, path = "/api/v1/users/", tag = "users", operation_id = "list_users",
    security(("bearer" = [])), params(UserParams, PageParams),
    responses((status = 200, description = "A page of people", body = Vec<UserView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list(
    caller: Caller,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let users = &shell.desk().users;
    users.may_list(caller.actor())?;
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
    post, path = "/api/v1/users/", tag = "users", operation_id = "create_user",
    security(("bearer" = [])), params(RetryHeader), request_body = UserBody,
    responses((status = 201, description = "Created", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "username-taken", "email-taken", "idempotency-running",
        "idempotency-mismatch"]))),
)]
async fn create(
    caller: Caller,
    retry: Retry,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let users = &shell.desk().users;
    let draft = body.validated::<UserBody>();
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| users.create(by, draft).await,
            async |id| users.get(caller.actor(), UserId::new(id)).await,
            |user| render::created(&UserView::from(user)),
        )
        .await
}

/// Read a person
///
/// Oneself, or anybody for staff.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/", tag = "users", operation_id = "read_user",
    security(("bearer" = [])), params(("id" = i64, Path, description = "The person", minimum = 1)),
    responses((status = 200, description = "The person", body = UserView)),
)]
async fn one(
    caller: Caller,
    InPath(id): InPath<UserId>,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let user = shell.desk().users.get(caller.actor(), id).await?;
    Ok(render::ok(&UserView::from(user)))
}

/// Change a person
///
/// `display_name` and `email` by the person themselves; `role`, `is_active` and `password` by who
/// manages their role.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}/", tag = "users", operation_id = "change_user",
    security(("bearer" = [])), params(("id" = i64, Path, description = "The person", minimum = 1)),
    request_body = UserChangeBody,
    responses((status = 200, description = "The person as they are now", body = UserView)),
    extensions(("x-problems" = json!(["forbidden", "email-taken"]))),
)]
async fn change(
    caller: Caller,
    InPath(id): InPath<UserId>,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<UserChangeBody>();
    let user = shell.desk().users.change(caller.actor(), id, draft).await?;
    Ok(render::ok(&UserView::from(user)))
}
