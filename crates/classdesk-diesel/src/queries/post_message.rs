//! Storing a message: the hot write.

use classdesk_domain::ids::{MessageAttachmentId, MessageId, UserId};
use classdesk_domain::threads::InsertMessage;
use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;

use super::Conn;
use super::blobs::take_upload;
use super::column_types::Instant;
use super::dialect::NEXT_MESSAGE;
use super::participants::upsert_participant;
use super::preconditions::locked;
use super::rows::Backend;
use super::rows::schema::{message_attachments, messages, threads};
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

/// The id of the message that is being inserted.
#[derive(Debug, QueryId)]
struct NextMessage;

impl QueryFragment<Backend> for NextMessage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(NEXT_MESSAGE);
        Ok(())
    }
}

impl Expression for NextMessage {
    type SqlType = BigInt;
}

impl ValidGrouping<()> for NextMessage {
    type IsAggregate = is_aggregate::Never;
}

impl<Source> AppearsOnTable<Source> for NextMessage {}

/// Which message of its sender in the thread is being inserted, counted from 1.
#[derive(Debug, QueryId)]
struct SenderPosition {
    thread: i64,
    sender: i64,
}

impl QueryFragment<Backend> for SenderPosition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("COALESCE((SELECT sent_count FROM thread_participants WHERE thread_id = ");
        out.push_bind_param::<BigInt, _>(&self.thread)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<BigInt, _>(&self.sender)?;
        out.push_sql("), 0) + 1");
        Ok(())
    }
}

impl Expression for SenderPosition {
    type SqlType = BigInt;
}

impl ValidGrouping<()> for SenderPosition {
    type IsAggregate = is_aggregate::Never;
}

impl<Source> AppearsOnTable<Source> for SenderPosition {}

/// The ids of a message and of its attachment.
type Posted = (MessageId, Option<MessageAttachmentId>);

pub(super) fn post_message(
    conn: &mut Conn,
    new: &InsertMessage,
) -> Result<Outcome<Posted>, Failure> {
    let posted = post(conn, new)?;
    Ok(Outcome::to(posted.0.get(), posted))
}

/// Stores a message and makes it its thread's latest activity.
pub(super) fn post(conn: &mut Conn, new: &InsertMessage) -> Result<Posted, Failure> {
    let (thread, sender, at) = (new.thread.get(), new.sender.get(), At::from(new.sent_at));
    // The thread is held before the message gets its id: within a thread, ids grow in the order
    // in which messages become visible.
    let count: Option<i64> = locked!(conn, threads, thread, threads::message_count);
    let position = count.ok_or(Failure::STALE)? + 1;
    if let Some(upload) = &new.attachment {
        take_upload(conn, upload)?;
    }
    let (message, sender_position): (i64, i64) = diesel::insert_into(messages::table)
        .values((
            messages::id.eq(NextMessage),
            messages::thread_id.eq(thread),
            messages::position.eq(position),
            messages::sender_id.eq(sender),
            messages::sender_position.eq(SenderPosition { thread, sender }),
            messages::sender_role.eq(new.sender_role.as_str()),
            messages::recipient_id.eq(new.recipient.map(UserId::get)),
            messages::body.eq(new.text.as_str()),
            messages::kind.eq(new.kind.as_str()),
            messages::reply_to.eq(new.reply_to.map(MessageId::get)),
            messages::has_attachment.eq(new.attachment.is_some()),
            messages::sent_at.eq(at),
        ))
        .returning((messages::id, messages::sender_position))
        .get_result(conn)?;
    if sender_position == 1 {
        upsert_participant(conn, thread, sender, at)?;
    }
    let attachment = match &new.attachment {
        Some(upload) => Some(
            diesel::insert_into(message_attachments::table)
                .values((
                    message_attachments::message_id.eq(message),
                    message_attachments::blob_id.eq(upload.blob.get()),
                    message_attachments::file_name.eq(upload.name.as_str()),
                    message_attachments::uploaded_by.eq(upload.uploaded_by.get()),
                    message_attachments::uploaded_at.eq(at),
                ))
                .returning(message_attachments::id)
                .get_result(conn)?,
        ),
        None => None,
    };
    let changed = CountMessage {
        thread,
        message,
        position,
        at,
    }
    .execute(conn)?;
    exactly_one(changed)?;
    ShowActivity { thread, sender, at }.execute(conn)?;
    let attachment = attachment.map(MessageAttachmentId::new);
    Ok((MessageId::new(message), attachment))
}

// Diesel prepares every UPDATE of its own anew. On the hot write that costs as much as running it,
// so the two statements are written out here, and stay prepared.

/// Counts a message in its thread.
#[derive(Debug, QueryId)]
pub(super) struct CountMessage {
    pub(super) thread: i64,
    pub(super) message: i64,
    /// The message's place in the thread, which is how many there are now.
    pub(super) position: i64,
    pub(super) at: At,
}

impl QueryFragment<Backend> for CountMessage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
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

impl QueryFragment<Backend> for ShowActivity {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("UPDATE thread_participants SET updated_at = ");
        out.push_bind_param::<Instant, _>(&self.at)?;
        out.push_sql(", sent_count = sent_count + CASE WHEN user_id = ");
        out.push_bind_param::<BigInt, _>(&self.sender)?;
        out.push_sql(" THEN 1 ELSE 0 END WHERE thread_id = ");
        out.push_bind_param::<BigInt, _>(&self.thread)
    }
}

impl RunQueryDsl<Conn> for ShowActivity {}
