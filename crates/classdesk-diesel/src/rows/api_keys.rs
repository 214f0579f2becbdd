//! Keys.

use classdesk_domain::api_keys::ApiKey;
use classdesk_domain::ids::ApiKeyId;
use classdesk_domain::people::Access;
use classdesk_domain::text::KeyName;
use diesel::prelude::*;

use super::Backend;
use super::schema::{api_keys, users};
use super::users::PersonRow;
use super::values::{At, word};
use crate::error::Failure;

/// A key with its owner.
#[derive(Debug, HasQuery)]
#[diesel(table_name = api_keys, check_for_backend(Backend))]
#[diesel(base_query = api_keys::table
    .inner_join(users::table.on(users::id.eq(api_keys::user_id))))]
pub(crate) struct ApiKeyRow {
    pub(crate) id: i64,
    #[diesel(embed)]
    pub(crate) owner: PersonRow,
    pub(crate) name: String,
    pub(crate) access: String,
    pub(crate) act_as: bool,
    pub(crate) created_at: At,
    pub(crate) last_used_at: Option<At>,
    pub(crate) expires_at: Option<At>,
}

impl ApiKeyRow {
    pub(crate) fn into_domain(self) -> Result<ApiKey, Failure> {
        Ok(ApiKey {
            id: ApiKeyId::new(self.id),
            owner: self.owner.into_domain()?,
            name: KeyName::from_stored(self.name),
            access: word(Access::parse, &self.access, "key")?,
            act_as: self.act_as,
            created_at: self.created_at.into(),
            last_used_at: self.last_used_at.map(Into::into),
            expires_at: self.expires_at.map(Into::into),
        })
    }
}
