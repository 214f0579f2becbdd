//! Sessions.

use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::people::Session;
use diesel::prelude::*;

use super::Backend;
use super::schema::sessions;
use super::values::At;

#[derive(Debug, HasQuery)]
#[diesel(table_name = sessions, check_for_backend(Backend))]
pub(crate) struct SessionRow {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) created_at: At,
    pub(crate) last_used_at: At,
    pub(crate) expires_at: At,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::new(row.id),
            user: UserId::new(row.user_id),
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.into(),
            expires_at: row.expires_at.into(),
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}
