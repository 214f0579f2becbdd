//! Storing a message: the hot write.

use classdesk_domain::blobs::FinishedUpload;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageAttachmentId, MessageId};
use classdesk_domain::people::Role;
use classdesk_domain::store::Commit;
use classdesk_domain::threads::{InsertMessage, MessageKind};
use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;

use super::Conn;
use super::blobs::take_upload;
use super::column_types::Instant;
use super::commit::commit;
use super::dialect::{NEXT_MESSAGE, for_update};
use super::participants::upsert_participant;
use super::rows::message_attachments::AttachmentInsert;
use super::rows::messages::MessageInsert;
use super::rows::schema::{message_attachments, messages, thread_participants, threads};
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

type Backend = <Conn as Connection>::Backend;

/// A message on its way into a thread.
pub(super) struct NewPost<'a> {
    pub(super) thread: i64,
    pub(super) sender: i64,
    pub(super) sender_role: Role,
    pub(super) recipient: Option<i64>,
    pub(super) text: &'a str,
    pub(super) kind: MessageKind,
    pub(super) reply_to: Option<i64>,
    pub(super) attachment: Option<&'a FinishedUpload>,
    pub(super) at: Timestamp,
}

/// What was stored.
pub(super) struct Posted {
    pub(super) message: i64,
    pub(super) attachment: Option<i64>,
}

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

pub(super) fn post_message(
    conn: &mut Conn,
    c: Commit<InsertMessage>,
) -> Result<(MessageId, Option<MessageAttachmentId>), Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, new| {
            let Posted {
                message,
                attachment,
            } = post(
                conn,
                &NewPost {
                    thread: new.thread.get(),
                    sender: new.sender.get(),
                    sender_role: new.sender_role,
                    recipient: new.recipient.map(|id| id.get()),
                    text: new.text.as_str(),
                    kind: new.kind,
                    reply_to: new.reply_to.map(|id| id.get()),
                    attachment: new.attachment.as_ref(),
                    at: new.sent_at,
                },
            )?;
            let answer = (
                MessageId::new(message),
                attachment.map(MessageAttachmentId::new),
            );
            Ok(Outcome::to(message, answer))
        },
    )
}

/// Stores a message and makes it its thread's latest activity.
pub(super) fn post(conn: &mut Conn, new: &NewPost<'_>) -> Result<Posted, Failure> {
    let at = At::from(new.at);
    // The thread is held before the message gets its id: within a thread, ids grow in the order
    // in which messages become visible.
    let count: Option<i64> = for_update!(
        threads::table
            .filter(threads::id.eq(new.thread))
            .select(threads::message_count)
    )
    .first(conn)
    .optional()?;
    let position = count.ok_or(Failure::STALE)? + 1;
    let sent: Option<i64> = thread_participants::table
        .find((new.thread, new.sender))
        .select(thread_participants::sent_count)
        .first(conn)
        .optional()?;
    if sent.is_none() {
        upsert_participant(conn, new.thread, new.sender, at)?;
    }
    if let Some(upload) = new.attachment {
        take_upload(conn, upload)?;
    }
    let message: i64 = diesel::insert_into(messages::table)
        .values((
            messages::id.eq(NextMessage),
            MessageInsert {
                thread_id: new.thread,
                position,
                sender_id: new.sender,
                sender_position: sent.unwrap_or(0) + 1,
                sender_role: new.sender_role.as_str(),
                recipient_id: new.recipient,
                body: new.text,
                kind: new.kind.as_str(),
                reply_to: new.reply_to,
                has_attachment: new.attachment.is_some(),
                sent_at: at,
                edited_at: None,
                deleted_at: None,
            },
        ))
        .returning(messages::id)
        .get_result(conn)?;
    let attachment = match new.attachment {
        Some(upload) => Some(
            diesel::insert_into(message_attachments::table)
                .values(AttachmentInsert {
                    message_id: message,
                    blob_id: upload.blob.get(),
                    file_name: upload.name.as_str(),
                    uploaded_by: upload.uploaded_by.get(),
                    uploaded_at: at,
                })
                .returning(message_attachments::id)
                .get_result(conn)?,
        ),
        None => None,
    };
    let changed = CountMessage {
        thread: new.thread,
        message,
        position,
        at,
    }
    .execute(conn)?;
    exactly_one(changed)?;
    ShowActivity {
        thread: new.thread,
        sender: new.sender,
        at,
    }
    .execute(conn)?;
    Ok(Posted {
        message,
        attachment,
    })
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
