//! Signing in and out.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::SessionId;
use classdesk_domain::people::{
    AccessToken, AuthenticatedSession, LoggedIn, LoginName, NewPassword, PasswordChange,
    PasswordReset, Session,
};

use crate::input::{LoginPassword, UncheckedPassword, input};
use crate::output::view;

use super::people::UserView;

input! {
    /// Who signs in.
    body LoginBody -> (LoginName, String) {
        /// The username or the email address.
        username: LoginName,
        /// The password.
        password: LoginPassword,
    } => (username, password),
    example {"username": "client", "password": "correct horse battery"}
}

view! {
    /// A session that has just begun.
    LoginView from (logged_in: LoggedIn) {
        /// The token to send as `Authorization: Bearer TOKEN`. It is shown this once.
        access_token: AccessToken = logged_in.token,
        /// `Bearer`.
        token_type: &'static str = "Bearer",
        /// When the session ends at the latest; it ends earlier without use.
        expires_at: Timestamp = logged_in.session.expires_at,
        /// Who has signed in.
        user: UserView = logged_in.user.into(),
    },
    example {
        "access_token": "4fPpb0Xv5cX6Y0m3o1w7Jm0yq8cLrQ2sT9uVxZaBdEg", "token_type": "Bearer",
        "expires_at": "2026-03-15T10:00:00.000000Z",
        "user": {
            "id": 7, "username": "client", "email": "client@example.com",
            "display_name": "Clara Client", "role": "client", "is_active": true,
            "created_at": "2026-03-01T10:00:00.000000Z",
            "last_login_at": "2026-03-01T10:00:00.000000Z",
        },
    }
}

view! {
    /// A session of the caller.
    SessionView of (session: Session, current: &AuthenticatedSession) {
        /// Its id.
        id: SessionId,
        /// When it began.
        created_at: Timestamp,
        /// When it was last used, to within a minute.
        last_used_at: Timestamp,
        /// When it ends at the latest.
        expires_at: Timestamp,
        /// The address that signed in.
        address: Option<String>,
        /// What the client called itself.
        user_agent: Option<String>,
        /// Whether this request is made with it.
        is_current: bool = session.id == current.session.id,
    },
    example {
        "id": 12, "created_at": "2026-03-01T10:00:00.000000Z",
        "last_used_at": "2026-03-01T11:20:00.000000Z", "expires_at": "2026-03-15T10:00:00.000000Z",
        "address": "192.0.2.7", "user_agent": "Mozilla/5.0", "is_current": true,
    }
}

input! {
    /// A change of one's own password.
    body PasswordChangeBody -> PasswordChange {
        /// The present password.
        current_password: LoginPassword,
        /// The new one: not a common one, and without the username in it.
        new_password: NewPassword,
    } => PasswordChange { current: current_password, new: new_password },
    example {"current_password": "correct horse battery", "new_password": "staple that is new"}
}

input! {
    /// The token of a link in exchange for a password.
    body PasswordResetBody -> PasswordReset {
        /// The token.
        token: String,
        /// The new password: not a common one, and without the username in it.
        new_password: UncheckedPassword,
    } => PasswordReset { token, new_password },
    example {
        "token": "4fPpb0Xv5cX6Y0m3o1w7Jm0yq8cLrQ2sT9uVxZaBdEg", "new_password": "staple that is new",
    }
}
