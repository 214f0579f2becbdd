//! What a thread knows of the people who are or were in it.

use diesel::prelude::*;

use super::schema::thread_participants;
use super::values::At;

/// What a thread knows of a person who is or was in it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = thread_participants)]
pub(crate) struct ParticipantRow {
    pub(crate) thread_id: i64,
    pub(crate) user_id: i64,
    pub(crate) participates: bool,
    pub(crate) sent_count: i64,
    pub(crate) last_read_id: Option<i64>,
    pub(crate) read_count: i64,
    pub(crate) sent_read_count: i64,
    pub(crate) known_deleted_count: i64,
}

impl ParticipantRow {
    /// Whether the person's mark has reached a message.
    pub(crate) fn has_read(&self, message: i64) -> bool {
        self.last_read_id.is_some_and(|mark| mark >= message)
    }

    /// How many messages of others lie beyond the mark, without deleted ones, of so many in the
    /// thread.
    pub(crate) const fn unread(&self, message_count: i64, deleted_count: i64) -> i64 {
        (message_count - self.read_count)
            - (self.sent_count - self.sent_read_count)
            - (deleted_count - self.known_deleted_count)
    }
}

/// The row of a person who has neither sent nor read anything yet.
#[derive(Insertable)]
#[diesel(table_name = thread_participants, treat_none_as_default_value = false)]
pub(crate) struct ParticipantInsert {
    thread_id: i64,
    user_id: i64,
    participates: bool,
    updated_at: At,
    sent_count: i64,
    read_count: i64,
    sent_read_count: i64,
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
            read_count: 0,
            sent_read_count: 0,
        }
    }
}
