//! Messages of threads.

use diesel::prelude::*;

use super::schema::messages;
use super::values::At;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
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
}

#[derive(Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub(crate) struct MessageInsert<'a> {
    pub(crate) thread_id: i64,
    pub(crate) position: i64,
    pub(crate) sender_id: i64,
    pub(crate) sender_position: i64,
    pub(crate) sender_role: &'a str,
    pub(crate) recipient_id: Option<i64>,
    pub(crate) body: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) reply_to: Option<i64>,
    pub(crate) has_attachment: bool,
    pub(crate) sent_at: At,
    pub(crate) edited_at: Option<At>,
    pub(crate) deleted_at: Option<At>,
}
