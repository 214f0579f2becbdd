//! What a thread knows of those who are or were in it.

use diesel::prelude::*;

use super::schema::thread_participants;
use super::values::At;

/// What a thread knows of a person who is or was in it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = thread_participants)]
pub(crate) struct ParticipantRow {
    #[diesel(column_name = thread_id)]
    pub(crate) thread: i64,
    #[diesel(column_name = user_id)]
    pub(crate) user: i64,
    pub(crate) participates: bool,
    pub(crate) sent_count: i64,
    pub(crate) last_read_id: Option<i64>,
    pub(crate) read_count: i64,
    pub(crate) sent_read_count: i64,
}

impl ParticipantRow {
    /// The row of a person who has done nothing yet.
    pub(crate) const fn empty(thread: i64, user: i64) -> Self {
        Self {
            thread,
            user,
            participates: false,
            sent_count: 0,
            last_read_id: None,
            read_count: 0,
            sent_read_count: 0,
        }
    }

    /// Whether the person's mark has reached a message.
    pub(crate) fn has_read(&self, message: i64) -> bool {
        self.last_read_id.is_some_and(|mark| mark >= message)
    }

    /// How many messages of others lie beyond the mark, of so many in the thread.
    pub(crate) const fn unread(&self, message_count: i64) -> i64 {
        (message_count - self.read_count) - (self.sent_count - self.sent_read_count)
    }
}

#[derive(Insertable)]
#[diesel(table_name = thread_participants, treat_none_as_default_value = false)]
pub(crate) struct ParticipantInsert {
    pub(crate) thread_id: i64,
    pub(crate) user_id: i64,
    pub(crate) participates: bool,
    pub(crate) updated_at: At,
    pub(crate) sent_count: i64,
    pub(crate) last_read_id: Option<i64>,
    pub(crate) read_count: i64,
    pub(crate) sent_read_count: i64,
}

impl ParticipantInsert {
    pub(crate) const fn new(
        thread_id: i64,
        user_id: i64,
        participates: bool,
        updated_at: At,
    ) -> Self {
        Self {
            thread_id,
            user_id,
            participates,
            updated_at,
            sent_count: 0,
            last_read_id: None,
            read_count: 0,
            sent_read_count: 0,
        }
    }
}
