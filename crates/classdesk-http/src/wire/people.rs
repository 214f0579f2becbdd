//! People.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::people::{
    DisplayUpdate, Email, NewPassword, NewUser, Role, User, UserChange, UserRef, Username,
};
use classdesk_domain::text::DisplayName;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, read};
use crate::render::{display, display_option};

use super::string_enum::RoleWord;

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
    pub role: RoleWord,
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
    pub role: RoleWord,
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

/// A person to be created.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "username": "client", "email": "client@example.com", "display_name": "Clara Client",
    "role": "client", "password": "correct horse battery",
}))]
pub struct UserBody {
    /// Their username: `a-z 0-9 . _ -`, case-folded.
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    pub username: String,
    /// Their email address, case-folded.
    #[schema(max_length = 254, format = Email)]
    pub email: String,
    /// Their name for others; the username when it is left out or empty.
    #[schema(max_length = 255, pattern = r"^[^\x00]*$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What they are: a role that the caller manages.
    pub role: RoleWord,
    /// Their first password: not a common one, and without the username in it.
    #[schema(min_length = 12, max_length = 128, pattern = r"^[^\x00]*$", format = Password)]
    pub password: String,
}

impl UserBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewUser> {
        let username = fields.required("username", read::text(Username::parse));
        let email = fields.required("email", read::text(Email::parse));
        let display_name = fields.optional("display_name", read::text(DisplayName::parse));
        let role = fields.required("role", read::text(Role::parse));
        let password = fields.required("password", read::text(NewPassword::parse));
        Some(NewUser {
            username: username?,
            email: email?,
            display_name,
            role: role?,
            password: password?,
        })
    }
}

/// A change to a person. What is left out stays.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Clara C.", "email": "clara@example.com"}))]
pub struct UserChangeBody {
    /// A new name for others, by the person themselves.
    #[schema(max_length = 255, pattern = r"^[^\x00]*$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A new email address, by the person themselves.
    #[schema(max_length = 254, format = Email, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A new role, by who manages the old and the new one.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleWord>,
    /// Activation or deactivation, by who manages the role. Deactivation ends all sessions.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// A new password, by who manages the role. It ends all sessions.
    #[schema(min_length = 12, max_length = 128, pattern = r"^[^\x00]*$", format = Password, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl UserChangeBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<UserChange> {
        Some(UserChange {
            own: DisplayUpdate {
                display_name: fields.optional("display_name", read::text(DisplayName::parse)),
                email: fields.optional("email", read::text(Email::parse)),
            },
            role: fields.optional("role", read::text(Role::parse)),
            is_active: fields.optional("is_active", read::boolean),
            password: fields.optional("password", read::text(NewPassword::parse)),
        })
    }
}

/// Which people are listed. Every given parameter has to match.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserParams {
    /// In this role.
    #[param(required = false)]
    pub role: Option<RoleWord>,
    /// Active or not.
    #[param(required = false)]
    pub is_active: Option<bool>,
    /// Username, email or display name contains this, whatever the case.
    #[param(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        required = false
    )]
    pub q: Option<String>,
}
