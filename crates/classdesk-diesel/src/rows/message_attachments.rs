//! Files of messages.

use diesel::prelude::*;

use super::schema::message_attachments;
use super::values::At;

#[derive(Insertable)]
#[diesel(table_name = message_attachments)]
pub(crate) struct AttachmentInsert<'a> {
    pub(crate) message_id: i64,
    pub(crate) blob_id: i64,
    pub(crate) file_name: &'a str,
    pub(crate) uploaded_by: i64,
    pub(crate) uploaded_at: At,
}
