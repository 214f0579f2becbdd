//! People.

use classdesk_domain::ids::UserId;
use classdesk_domain::people::{Email, Role, User, UserRef, Username};
use classdesk_domain::text::DisplayName;
use diesel::prelude::*;

use super::schema::users;
use super::values::{At, word};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) role: String,
    pub(crate) is_active: bool,
    pub(crate) created_at: At,
    pub(crate) last_login_at: Option<At>,
}

impl UserRow {
    pub(crate) fn into_domain(self) -> Result<User, Failure> {
        Ok(User {
            id: UserId::new(self.id),
            username: Username::from_stored(self.username),
            email: Email::from_stored(self.email),
            display_name: DisplayName::from_stored(self.display_name),
            role: word(Role::parse, &self.role, "user")?,
            is_active: self.is_active,
            created_at: self.created_at.into(),
            last_login_at: self.last_login_at.map(Into::into),
        })
    }
}

/// What other people see of somebody.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct PersonRow {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) role: String,
}

impl PersonRow {
    pub(crate) fn into_domain(self) -> Result<UserRef, Failure> {
        Ok(UserRef {
            id: UserId::new(self.id),
            username: Username::from_stored(self.username),
            display_name: DisplayName::from_stored(self.display_name),
            role: word(Role::parse, &self.role, "user")?,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserInsert<'a> {
    pub(crate) username: &'a str,
    pub(crate) email: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) role: &'a str,
    pub(crate) is_active: bool,
    pub(crate) password_hash: &'a str,
    pub(crate) created_at: At,
    pub(crate) last_login_at: Option<At>,
}
