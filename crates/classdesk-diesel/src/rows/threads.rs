//! Threads.

use diesel::prelude::*;

use super::schema::threads;
use super::values::At;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = threads)]
pub(crate) struct ThreadRow {
    pub(crate) id: i64,
    pub(crate) content_type: String,
    pub(crate) object_id: i64,
    pub(crate) subject: String,
    pub(crate) is_active: bool,
    pub(crate) is_private: bool,
    pub(crate) created_by: i64,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) message_count: i64,
    pub(crate) last_message_id: Option<i64>,
    pub(crate) deleted_count: i64,
    pub(crate) version: i64,
}
