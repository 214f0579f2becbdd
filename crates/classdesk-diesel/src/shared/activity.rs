//! A new message as its thread's latest activity.
//!
//! Diesel prepares every UPDATE of its own anew. On the hot write that costs as much as running
//! it, so the two statements are written out here, and stay prepared.

use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::{Connection, QueryResult, RunQueryDsl};

use super::Conn;
use super::types::Instant;
use super::values::At;

type Database = <Conn as Connection>::Backend;

/// Counts a message in its thread.
#[derive(Debug, QueryId)]
pub(super) struct CountMessage {
    pub(super) thread: i64,
    pub(super) message: i64,
    /// The message's place in the thread, which is how many there are now.
    pub(super) position: i64,
    pub(super) at: At,
}

impl QueryFragment<Database> for CountMessage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Database>) -> QueryResult<()> {
        out.push_sql("UPDATE threads SET message_count = ");
        out.push_bind_param::<BigInt, _>(&self.position)?;
        out.push_sql(", last_message_id = ");
        out.push_bind_param::<BigInt, _>(&self.message)?;
        out.push_sql(", updated_at = ");
        out.push_bind_param::<Instant, _>(&self.at)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.thread)
    }
}

impl RunQueryDsl<Conn> for CountMessage {}

/// Shows the activity to everybody in the thread, and counts the message for its sender.
#[derive(Debug, QueryId)]
pub(super) struct ShowActivity {
    pub(super) thread: i64,
    pub(super) sender: i64,
    pub(super) at: At,
}

impl QueryFragment<Database> for ShowActivity {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Database>) -> QueryResult<()> {
        out.push_sql("UPDATE thread_participants SET updated_at = ");
        out.push_bind_param::<Instant, _>(&self.at)?;
        out.push_sql(", sent_count = sent_count + CASE WHEN user_id = ");
        out.push_bind_param::<BigInt, _>(&self.sender)?;
        out.push_sql(" THEN 1 ELSE 0 END WHERE thread_id = ");
        out.push_bind_param::<BigInt, _>(&self.thread)
    }
}

impl RunQueryDsl<Conn> for ShowActivity {}
