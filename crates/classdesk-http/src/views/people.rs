//! People as others see them.

use classdesk_domain::people::UserRef;
use serde::Serialize;
use utoipa::ToSchema;

/// What others may know of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(
    as = UserRef,
    example = json!({"id": 3, "username": "client", "display_name": "Carla", "role": "client"})
)]
pub(crate) struct UserRefView {
    id: i64,
    username: String,
    display_name: String,
    /// `client`, `writer`, `editor`, `admin` or `superadmin`.
    role: &'static str,
}

impl From<UserRef> for UserRefView {
    fn from(user: UserRef) -> Self {
        Self {
            id: user.id.get(),
            username: user.username.to_string(),
            display_name: user.display_name.into_string(),
            role: user.role.as_str(),
        }
    }
}
