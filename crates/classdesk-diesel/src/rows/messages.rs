//! Messages of threads.

use diesel::prelude::*;

use super::Backend;
use super::schema::messages;
use super::values::At;

#[derive(Debug, HasQuery)]
#[diesel(table_name = messages, check_for_backend(Backend))]
pub(crate) struct MessageRow {
    pub(crate) id: i64,
    pub(crate) thread_id: i64,
    pub(crate) sender_id: i64,
    pub(crate) sender_role: String,
    pub(crate) recipient_id: Option<i64>,
    pub(crate) body: String,
    pub(crate) kind: String,
    pub(crate) reply_to: Option<i64>,
    pub(crate) has_attachment: bool,
    pub(crate) sent_at: At,
    pub(crate) edited_at: Option<At>,
    pub(crate) deleted_at: Option<At>,
    pub(crate) version: i64,
}
