//! People.

use classdesk_domain::ExternalId;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{Email, Language, Role, TimeZone, User, UserRef, Username};
use classdesk_domain::text::DisplayName;
use diesel::prelude::*;

use super::Backend;
use super::schema::users;
use super::values::{At, word};
use crate::error::Failure;

#[derive(Debug, HasQuery)]
#[diesel(table_name = users, check_for_backend(Backend))]
pub(crate) struct UserRow {
    #[diesel(embed)]
    pub(crate) person: PersonRow,
    pub(crate) email: String,
    pub(crate) is_active: bool,
    pub(crate) created_at: At,
    pub(crate) last_login_at: Option<At>,
    pub(crate) version: i64,
    pub(crate) external_id: Option<String>,
    pub(crate) language: String,
    pub(crate) time_zone: String,
}

impl UserRow {
    pub(crate) fn into_domain(self) -> Result<User, Failure> {
        let person = self.person.into_domain()?;
        Ok(User {
            id: person.id,
            external_id: self.external_id.map(ExternalId::from_stored),
            username: person.username,
            email: Email::from_stored(self.email),
            display_name: person.display_name,
            role: person.role,
            is_active: self.is_active,
            language: word(Language::parse, &self.language, "user")?,
            time_zone: TimeZone::from_stored(self.time_zone),
            created_at: self.created_at.into(),
            last_login_at: self.last_login_at.map(Into::into),
            version: self.version,
        })
    }
}

/// What other people see of a person.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = users, check_for_backend(Backend))]
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
