//! Signing in and out: `auth/`.

use std::net::IpAddr;

use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::Error;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::ListKind;
use classdesk_domain::people::{Login, PasswordHashError};
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, InPath, JsonBody, client_address, page_params};
use crate::limits::{Limits, ShedReason};
use crate::problem::Problem;
use crate::render;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{LoginBody, LoginView, PageParams, PasswordChangeBody, SessionView, UserView};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    login,
    logout,
    logout_all,
    me,
    change_password,
    list_sessions,
    end_session
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(shell: &Shell, endpoints: &mut Endpoints) {
    endpoints.add(Endpoint::at("/api/v1/auth/me/").get(me));
    if shell.has_sessions() {
        endpoints
            .add(Endpoint::at("/api/v1/auth/login/").public(&Method::POST, login))
            .add(Endpoint::at("/api/v1/auth/logout/").post(logout))
            .add(Endpoint::at("/api/v1/auth/logout_all/").post(logout_all))
            .add(Endpoint::at("/api/v1/auth/change_password/").post(change_password))
            .add(Endpoint::at("/api/v1/auth/sessions/").get(list_sessions))
            .add(Endpoint::at("/api/v1/auth/sessions/{id}/").delete(end_session));
    }
}

/// Sign in
///
/// By username or email address. A wrong password, an unknown name and a deactivated account get
/// the same answer, and too many failures slow all of them down alike.
#[utoipa::path(
    post, path = "/api/v1/auth/login/", tag = "auth", operation_id = "login",
    security(()), request_body = LoginBody,
    responses((status = 200, description = "Signed in", body = LoginView)),
    extensions(("x-problems" = json!(["wrong-credentials", "too-many-logins"]))),
)]
async fn login(
    request: HttpRequest,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let (name, password) = body.parse::<LoginBody>()?;
    let user_agent = request.headers().get(header::USER_AGENT);
    let address = client_address(&request, &shell);
    let login = Login {
        name,
        password,
        address: address.to_string(),
        user_agent: user_agent
            .and_then(|agent| agent.to_str().ok())
            .map(|agent| agent.chars().take(255).collect()),
    };
    // Password hashes have a queue of their own. Waiting in it keeps no permit from others.
    Limits::end_work(&request);
    match shell.desk().sessions.login(login).await {
        Ok(logged_in) => Ok(render::ok(&LoginView::from(logged_in))),
        Err(Error::Password(PasswordHashError::Busy)) => {
            Err(shell.shed(ShedReason::PasswordHashing))
        }
        Err(error) => {
            log_refusal(&error, address);
            Err(error.into())
        }
    }
}

/// Notes whose account somebody was not let into. What was typed stays out of the log: people
/// type passwords in the place of names.
fn log_refusal(error: &Error, address: IpAddr) {
    let (account, reason) = match error {
        Error::WrongCredentials { account } => (account, "wrong credentials"),
        Error::Throttled { account, .. } => (account, "too many failures"),
        _ => return,
    };
    let account = account.map(UserId::get);
    tracing::warn!(account, %address, reason, "a login was refused");
}

/// Sign out
///
/// The token is dead at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout/", tag = "auth", operation_id = "logout",
    security(("bearer" = [])),
    responses((status = 204, description = "Signed out")),
)]
async fn logout(caller: Caller, shell: Data<Shell>) -> Result<HttpResponse, Problem> {
    shell.desk().sessions.logout(caller.session()?).await?;
    Ok(render::no_content())
}

/// Sign out everywhere
///
/// Every token of the caller is dead at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout_all/", tag = "auth", operation_id = "logout_all",
    security(("bearer" = [])),
    responses((status = 204, description = "Signed out everywhere")),
)]
async fn logout_all(caller: Caller, shell: Data<Shell>) -> Result<HttpResponse, Problem> {
    shell.desk().sessions.logout_all(caller.session()?).await?;
    Ok(render::no_content())
}

/// Who am I
#[utoipa::path(
    get, path = "/api/v1/auth/me/", tag = "auth", operation_id = "me",
    description = "The caller, as they and the staff see them.",
    security(("bearer" = [])),
    responses((status = 200, description = "The caller", body = UserView)),
)]
async fn me(caller: Caller, shell: Data<Shell>) -> Result<HttpResponse, Problem> {
    let actor = caller.actor();
    let user = shell.desk().users.get(actor, actor.id).await?;
    Ok(render::ok(&UserView::from(user)))
}

/// Change one's password
///
/// The caller's other sessions end; this one goes on.
#[utoipa::path(
    post, path = "/api/v1/auth/change_password/", tag = "auth", operation_id = "change_password",
    security(("bearer" = [])), request_body = PasswordChangeBody,
    responses((status = 204, description = "Changed")),
)]
async fn change_password(
    caller: Caller,
    request: HttpRequest,
    body: JsonBody,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let draft = body.validated::<PasswordChangeBody>();
    Limits::end_work(&request);
    let sessions = &shell.desk().sessions;
    sessions.change_password(caller.session()?, draft).await?;
    Ok(render::no_content())
}

/// List one's sessions
///
/// The ones that still hold, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions/", tag = "auth", operation_id = "list_sessions",
    security(("bearer" = [])), params(PageParams),
    responses((status = 200, description = "A page of sessions", body = Vec<SessionView>)),
)]
async fn list_sessions(
    caller: Caller,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let page = page_params(&request, ListKind::Sessions)?;
    let current = caller.session()?;
    let sessions = shell.desk().sessions.list(current, page).await?;
    Ok(render::page(
        &request,
        ListKind::Sessions,
        sessions,
        |session| SessionView::of(session, current),
    ))
}

/// End one of one's sessions
///
/// Its token is dead at once. It may be the one that this request is made with.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}/", tag = "auth", operation_id = "end_session",
    security(("bearer" = [])), params(("id" = i64, Path, description = "The session", minimum = 1)),
    responses((status = 204, description = "Ended")),
)]
async fn end_session(
    caller: Caller,
    InPath(id): InPath<SessionId>,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let sessions = &shell.desk().sessions;
    sessions.end_one(caller.session()?, id).await?;
    Ok(render::no_content())
}
