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
use super::rows::Backend;
use super::rows::schema::{message_attachments, messages, thread_participants, threads};
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
    // The commit's preconditions hold the thread, or it was made just now. So within a thread, ids
    // grow in the order in which messages become visible, and one statement can read both counts.
    let of_sender = thread_participants::thread_id
        .eq(threads::id)
        .and(thread_participants::user_id.eq(sender));
    let counts: Option<(i64, Option<i64>)> = threads::table
        .left_join(thread_participants::table.on(of_sender))
        .filter(threads::id.eq(thread))
        .select((
            threads::message_count,
            thread_participants::sent_count.nullable(),
        ))
        .first(conn)
        .optional()?;
    let (count, sent) = counts.ok_or(Failure::STALE)?;
    let position = count + 1;
    if sent.is_none() {
        upsert_participant(conn, thread, sender, at)?;
    }
    if let Some(upload) = &new.attachment {
        take_upload(conn, upload)?;
    }
    let message: i64 = diesel::insert_into(messages::table)
        .values((
            messages::id.eq(NextMessage),
            messages::thread_id.eq(thread),
            messages::position.eq(position),
            messages::sender_id.eq(sender),
            messages::sender_position.eq(sent.unwrap_or(0) + 1),
            messages::sender_role.eq(new.sender_role.as_str()),
            messages::recipient_id.eq(new.recipient.map(UserId::get)),
            messages::body.eq(new.text.as_str()),
            messages::kind.eq(new.kind.as_str()),
            messages::reply_to.eq(new.reply_to.map(MessageId::get)),
            messages::has_attachment.eq(new.attachment.is_some()),
            messages::sent_at.eq(at),
        ))
        .returning(messages::id)
        .get_result(conn)?;
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
