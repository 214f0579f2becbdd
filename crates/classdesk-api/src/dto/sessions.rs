//! Signing in and out.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::people::{
    AuthenticatedSession, LoggedIn, LoginName, NewPassword, PasswordChange, Session,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{LoginPassword, input};
use crate::render::display;

use super::people::UserView;

input! {
    /// Who signs in.
    body LoginBody -> (LoginName, String) {
        /// The username or the email address.
        username: LoginName,
        /// The password.
        password: LoginPassword,
    } => (username, password.0),
    example {"username": "client", "password": "correct horse battery"}
}

/// A session that has just begun.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "4fPpb0Xv5cX6Y0m3o1w7Jm0yq8cLrQ2sT9uVxZaBdEg", "token_type": "Bearer",
    "expires_at": "2026-03-15T10:00:00.000000Z",
    "user": {
        "id": 7, "username": "client", "email": "client@example.com",
        "display_name": "Clara Client", "role": "client", "is_active": true,
        "created_at": "2026-03-01T10:00:00.000000Z",
        "last_login_at": "2026-03-01T10:00:00.000000Z",
    },
}))]
pub struct LoginView {
    /// The token to send as `Authorization: Bearer TOKEN`. It is shown this once.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// When the session ends at the latest; it ends earlier without use.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Who has signed in.
    pub user: UserView,
}

impl From<LoggedIn> for LoginView {
    fn from(logged_in: LoggedIn) -> Self {
        Self {
            access_token: logged_in.token.expose(),
            token_type: "Bearer",
            expires_at: logged_in.session.expires_at,
            user: logged_in.user.into(),
        }
    }
}

/// A session of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 12, "created_at": "2026-03-01T10:00:00.000000Z",
    "last_used_at": "2026-03-01T11:20:00.000000Z", "expires_at": "2026-03-15T10:00:00.000000Z",
    "address": "192.0.2.7", "user_agent": "Mozilla/5.0", "is_current": true,
}))]
pub struct SessionView {
    /// Its id.
    pub id: i64,
    /// When it began.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The address that signed in.
    #[schema(required = true)]
    pub address: Option<String>,
    /// What the client called itself.
    #[schema(required = true)]
    pub user_agent: Option<String>,
    /// Whether this request is made with it.
    pub is_current: bool,
}

impl SessionView {
    /// A session as its owner sees it from one of their sessions.
    pub(crate) fn of(session: Session, current: &AuthenticatedSession) -> Self {
        Self {
            id: session.id.get(),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            address: session.address,
            user_agent: session.user_agent,
            is_current: session.id == current.session.id,
        }
    }
}

input! {
    /// A change of one's own password.
    body PasswordChangeBody -> PasswordChange {
        /// The present password.
        current_password: LoginPassword,
        /// The new one: not a common one, and without the username in it.
        new_password: NewPassword,
    } => PasswordChange { current: current_password.0, new: new_password },
    example {"current_password": "correct horse battery", "new_password": "staple that is new"}
}
