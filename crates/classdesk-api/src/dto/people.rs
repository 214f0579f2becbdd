//! People.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::people::{
    DisplayUpdate, Email, NewPassword, NewUser, Role, User, UserChange, UserFilter, UserRef,
    Username,
};
use classdesk_domain::text::{DisplayName, SearchText};
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::input;
use crate::render::{display, display_option};

use super::string_enum::RoleName;

/// A person as they and the staff see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "username": "client", "email": "client@example.com", "display_name": "Clara Client",
    "role": "client", "is_active": true, "created_at": "2026-03-01T10:00:00.000000Z",
    "last_login_at": "2026-03-02T08:30:00.000000Z",
}))]
pub struct UserView {
    /// Their id.
    pub id: i64,
    /// Their username.
    pub username: String,
    /// Their email address.
    pub email: String,
    /// Their name for others.
    pub display_name: String,
    /// What they are.
    pub role: RoleName,
    /// Whether they may sign in and act.
    pub is_active: bool,
    /// Since when they exist.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When they last signed in.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub last_login_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.get(),
            username: user.username.to_string(),
            email: user.email.as_str().to_owned(),
            display_name: user.display_name.into_string(),
            role: user.role.into(),
            is_active: user.is_active,
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// What other people see of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "username": "client", "display_name": "Clara Client", "role": "client",
}))]
pub struct UserRefView {
    /// Their id.
    pub id: i64,
    /// Their username.
    pub username: String,
    /// Their name for others.
    pub display_name: String,
    /// What they are.
    pub role: RoleName,
}

impl From<UserRef> for UserRefView {
    fn from(user: UserRef) -> Self {
        Self {
            id: user.id.get(),
            username: user.username.to_string(),
            display_name: user.display_name.into_string(),
            role: user.role.into(),
        }
    }
}

input! {
    /// A person to be created.
    body UserBody -> NewUser {
        /// Their username: `a-z 0-9 . _ -`, case-folded.
        username: Username,
        /// Their email address, case-folded.
        email: Email,
        /// Their name for others; the username when it is left out or empty.
        display_name: Option<DisplayName>,
        /// What they are: a role that the caller manages.
        role: Role,
        /// Their first password: not a common one, and without the username in it.
        password: NewPassword,
    } => NewUser { username, email, display_name, role, password },
    example {
        "username": "client", "email": "client@example.com", "display_name": "Clara Client",
        "role": "client", "password": "correct horse battery",
    }
}

input! {
    /// A change to a person. What is left out stays.
    body UserChangeBody -> UserChange {
        /// A new name for others, by the person themselves.
        display_name: Option<DisplayName>,
        /// A new email address, by the person themselves.
        email: Option<Email>,
        /// A new role, by who manages the old and the new one.
        role: Option<Role>,
        /// Activation or deactivation, by who manages the role. Deactivation ends all sessions.
        is_active: Option<bool>,
        /// A new password, by who manages the role. It ends all sessions.
        password: Option<NewPassword>,
    } => UserChange { own: DisplayUpdate { display_name, email }, role, is_active, password },
    example {"display_name": "Clara C.", "email": "clara@example.com"}
}

input! {
    /// Which people are listed. Every given parameter has to match.
    query UserParams -> UserFilter {
        /// In this role.
        role: Option<Role>,
        /// Active or not.
        is_active: Option<bool>,
        /// Username, email or display name contains this, whatever the case.
        q: Option<SearchText>,
    } => UserFilter { role, is_active, q }
}
