//! Signing in and out: `auth/`.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use classdesk_domain::Present;
use classdesk_domain::error::Error;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::ListKind;
use classdesk_domain::people::Login;
use classdesk_http::conditional::version_conditions;
use classdesk_http::{client_address, end_work};

use crate::call::{Answer, Call};
use crate::dto::{
    LoginBody, LoginView, PasswordChangeBody, PasswordResetBody, SessionView, UserView,
};
use crate::extract::{JsonBody, Path, no_parameters};
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served where people sign in here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    login,
    logout,
    logout_all,
    change_password,
    reset_password,
    list_sessions,
    end_session,
];

/// What is served however people sign in.
pub(super) const CALLER: Endpoints = endpoints![me];

/// Sign in
///
/// By username or email address. A wrong password, an unknown name and a deactivated account get
/// the same answer, and too many failures slow all of them down alike.
#[utoipa::path(
    post, path = "/api/v1/auth/login/", tag = "auth", security(()),
    request_body = LoginBody,
    responses((status = 200, description = "Signed in", body = LoginView)),
    extensions(("x-problems" = json!(["wrong-credentials", "too-many-logins"]))),
)]
async fn login(state: Data<AppState>, request: HttpRequest, body: JsonBody) -> Answer {
    let (name, password) = body.parse::<LoginBody>()?;
    version_conditions(&request)?.check(Present::Unversioned)?;
    let user_agent = request.headers().get(header::USER_AGENT);
    let address = client_address(&request);
    let login = Login {
        name,
        password,
        address,
        user_agent: user_agent
            .and_then(|agent| agent.to_str().ok())
            .map(|agent| agent.chars().take(255).collect()),
    };
    // Password hashes have a queue of their own. Waiting in it keeps no permit from others.
    end_work(&request);
    let logged_in = state.app.sessions.login(login).await;
    let logged_in = logged_in.inspect_err(|error| log_refusal(error, address))?;
    Ok(render::ok(&LoginView::from(logged_in)))
}

/// Logs for which account a password was refused. What was typed stays out of the log: people type
/// passwords in the place of names.
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
    post, path = "/api/v1/auth/logout/", tag = "auth",
    responses((status = 204, description = "Signed out")),
)]
async fn logout(call: Call) -> Answer {
    no_parameters(call.request())?;
    call.check_unversioned()?;
    call.app().sessions.logout(call.session()?).await?;
    Ok(render::no_content())
}

/// Sign out everywhere
///
/// Every token of the caller is dead at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout_all/", tag = "auth",
    responses((status = 204, description = "Signed out everywhere")),
)]
async fn logout_all(call: Call) -> Answer {
    no_parameters(call.request())?;
    call.check_unversioned()?;
    call.app().sessions.logout_all(call.session()?).await?;
    Ok(render::no_content())
}

/// Who am I
#[utoipa::path(
    get, path = "/api/v1/auth/me/", tag = "auth",
    description = "The caller, as they and the staff see them.",
    responses((status = 200, description = "The caller", body = UserView)),
)]
async fn me(call: Call) -> Answer {
    let actor = call.actor();
    let view = UserView::from(call.app().users.get(actor, actor.id).await?);
    render::versioned(call.request(), view.version, &view)
}

/// Change one's password
///
/// The caller's other sessions end; this one goes on. A wrong present password counts like a failed
/// sign-in of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/change_password/", tag = "auth",
    request_body = PasswordChangeBody,
    responses((status = 204, description = "Changed")),
    extensions(("x-problems" = json!(["too-many-logins"]))),
)]
async fn change_password(call: Call, body: JsonBody) -> Answer {
    let input = body.validated::<PasswordChangeBody>();
    call.check_unversioned()?;
    end_work(call.request());
    let address = client_address(call.request());
    let sessions = &call.app().sessions;
    let changed = sessions.change_password(call.session()?, address, input);
    (changed.await).inspect_err(|error| log_refusal(error, address))?;
    Ok(render::no_content())
}

/// Set one's password by a link
///
/// The link works once, and the person's sessions end. A password that is refused does not use the link
/// up. A link that was used, has ended or never was is 404.
#[utoipa::path(
    post, path = "/api/v1/auth/reset_password/", tag = "auth", security(()),
    request_body = PasswordResetBody,
    responses((status = 204, description = "Set")),
    extensions(("x-problems" = json!(["not-found"]))),
)]
async fn reset_password(state: Data<AppState>, request: HttpRequest, body: JsonBody) -> Answer {
    let reset = body.parse::<PasswordResetBody>()?;
    version_conditions(&request)?.check(Present::Unversioned)?;
    end_work(&request);
    state.app.password_links.redeem(reset).await?;
    Ok(render::no_content())
}

/// List one's sessions
///
/// The ones that still hold, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions/", tag = "auth",
    responses((status = 200, description = "A page of sessions", body = Vec<SessionView>)),
)]
async fn list_sessions(call: Call) -> Answer {
    let page = call.page_params(ListKind::Sessions)?;
    let current = call.session()?;
    let sessions = call.app().sessions.list(current, page).await?;
    let view = |session| SessionView::of(session, current);
    call.page(ListKind::Sessions, sessions, view)
}

/// End one of one's sessions
///
/// Its token is dead at once. It may be the one that this request is made with.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}/", tag = "auth",
    responses((status = 204, description = "Ended")),
)]
async fn end_session(call: Call, Path(id): Path<SessionId>) -> Answer {
    no_parameters(call.request())?;
    call.check_unversioned()?;
    let sessions = &call.app().sessions;
    sessions.end_one(call.session()?, id).await?;
    Ok(render::no_content())
}
