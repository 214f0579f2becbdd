//! Messages of threads.

use std::collections::HashMap;

use async_trait::async_trait;
use classdesk_domain::blobs::{FileInfo, StoredBlob};
use classdesk_domain::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::Role;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    AttachedBlob, InsertMessage, Message, MessageAttachment, MessageContext, MessageDeletion,
    MessageEdit, MessageKind, MessageQuery, MessageRepository, PostContext, RecipientContext,
    ThreadContext,
};
use diesel::prelude::*;

use super::blobs::drop_blob;
use super::commit::commit;
use super::dialect::id_set;
use super::page::{after, cut, one_more};
use super::participants::participants;
use super::people::People;
use super::post_message::post_message;
use super::read_receipts::ReadReceipts;
use super::rows::blobs::{OwnedBlobRow, file_info};
use super::rows::messages::MessageRow;
use super::rows::schema::{blobs, message_attachments, messages, thread_participants, users};
use super::rows::thread_participants::ParticipantRow;
use super::rows::users::PersonRow;
use super::rows::values::{At, word};
use super::thread_context::thread_context;
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl MessageRepository for Database {
    async fn post_context(
        &self,
        thread: ThreadId,
        sender: UserId,
        recipient: Option<UserId>,
        reply_to: Option<MessageId>,
    ) -> Result<Option<PostContext>, StoreError> {
        self.snapshot(move |conn| post_context(conn, thread, sender, recipient, reply_to))
            .await
    }

    async fn post_message(
        &self,
        commit: Commit<InsertMessage>,
    ) -> Result<(MessageId, Option<MessageAttachmentId>), StoreError> {
        self.write(move |conn| post_message(conn, commit)).await
    }

    async fn list_messages(
        &self,
        query: MessageQuery,
        page: PageRequest,
    ) -> Result<Option<(ThreadContext, Page<Message>)>, StoreError> {
        self.snapshot(move |conn| list_messages(conn, &query, page))
            .await
    }

    async fn message_context(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<MessageContext>, StoreError> {
        self.snapshot(move |conn| message_context(conn, id, person))
            .await
    }

    async fn message(
        &self,
        id: MessageId,
        scope: AccessScope,
    ) -> Result<Option<Message>, StoreError> {
        self.snapshot(move |conn| message(conn, id, &scope)).await
    }

    async fn message_attachment(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<AttachedBlob>, StoreError> {
        self.snapshot(move |conn| message_attachment(conn, id, person))
            .await
    }

    async fn edit_message(&self, commit: Commit<MessageEdit>) -> Result<Message, StoreError> {
        self.write(move |conn| edit_message(conn, commit)).await
    }

    async fn delete_message(&self, commit: Commit<MessageDeletion>) -> Result<(), StoreError> {
        self.write(move |conn| delete_message(conn, commit)).await
    }
}

/// These messages, in no order.
pub(super) fn by_id(conn: &mut Conn, ids: &[i64]) -> Result<Vec<MessageRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(messages::table
        .filter(messages::id.eq_any(id_set(ids)))
        .select(MessageRow::as_select())
        .load(conn)?)
}

type AttachmentRow = ((i64, i64, String, i64, At), OwnedBlobRow);

/// The files of these messages, by message.
fn attachments(
    conn: &mut Conn,
    rows: &[MessageRow],
    people: &mut People,
) -> Result<HashMap<i64, (MessageAttachmentId, FileInfo, StoredBlob)>, Failure> {
    let ids: Vec<i64> = rows
        .iter()
        .filter(|row| row.has_attachment)
        .map(|row| row.id)
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<AttachmentRow> = message_attachments::table
        .inner_join(blobs::table.on(blobs::id.eq(message_attachments::blob_id)))
        .filter(message_attachments::message_id.eq_any(id_set(&ids)))
        .select((
            (
                message_attachments::id,
                message_attachments::message_id,
                message_attachments::file_name,
                message_attachments::uploaded_by,
                message_attachments::uploaded_at,
            ),
            OwnedBlobRow::as_select(),
        ))
        .load(conn)?;
    people.add_missing(conn, found.iter().map(|((_, _, _, by, _), _)| *by))?;
    found
        .into_iter()
        .map(|((id, message, name, by, at), blob)| {
            let (file, blob) = file_info(name, people.get(by)?, at, blob)?;
            Ok((message, (MessageAttachmentId::new(id), file, blob)))
        })
        .collect()
}

/// Messages as their viewer sees them, in the order of the rows.
pub(super) fn into_domain(
    conn: &mut Conn,
    rows: Vec<MessageRow>,
    participants: &HashMap<i64, Vec<ParticipantRow>>,
    people: &mut People,
    marks: &ReadReceipts,
    scope: &AccessScope,
) -> Result<Vec<Message>, Failure> {
    let named = rows
        .iter()
        .flat_map(|row| std::iter::once(row.sender_id).chain(row.recipient_id));
    people.add_missing(conn, named)?;
    let mut attachments = attachments(conn, &rows, people)?;
    rows.into_iter()
        .map(|row| {
            let participants = participants
                .get(&row.thread_id)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let viewer = scope.viewer.get();
            let is_read = if row.sender_id == viewer {
                participants
                    .iter()
                    .any(|participant| participant.user != viewer && participant.has_read(row.id))
            } else {
                participants
                    .iter()
                    .any(|participant| participant.user == viewer && participant.has_read(row.id))
            };
            let attachment = attachments.remove(&row.id);
            Ok(Message {
                read_by: marks.receipts(&row, participants, people, scope)?,
                is_read,
                id: MessageId::new(row.id),
                thread: ThreadId::new(row.thread_id),
                sender: people.get(row.sender_id)?,
                sender_role: word(Role::parse, &row.sender_role, "message")?,
                recipient: row.recipient_id.map(|id| people.get(id)).transpose()?,
                text: MessageText::from_stored(row.body),
                kind: word(MessageKind::parse, &row.kind, "message")?,
                reply_to: row.reply_to.map(MessageId::new),
                attachment: attachment.map(|(id, file, _)| MessageAttachment { id, file }),
                sent_at: row.sent_at.into(),
                edited_at: row.edited_at.map(Into::into),
                is_deleted: row.deleted_at.is_some(),
            })
        })
        .collect()
}

fn list_messages(
    conn: &mut Conn,
    query: &MessageQuery,
    page: PageRequest,
) -> Result<Option<(ThreadContext, Page<Message>)>, Failure> {
    let Some(facts) = thread_context(conn, query.thread, query.scope.viewer)? else {
        return Ok(None);
    };
    let after = query
        .after
        .map_or(after(page), |id| id.get().max(after(page)));
    let before = query.before.map_or(i64::MAX, |id| id.get());
    let rows: Vec<MessageRow> = messages::table
        .filter(messages::thread_id.eq(query.thread.get()))
        .filter(messages::id.gt(after))
        .filter(messages::id.lt(before))
        .select(MessageRow::as_select())
        .order(messages::id)
        .limit(one_more(page))
        .load(conn)?;
    let rows = cut(rows, page, |row| row.id).0;
    let items = shown(conn, query.thread.get(), rows.items, &query.scope)?;
    Ok(Some((
        facts,
        Page {
            items,
            next: rows.next,
        },
    )))
}

/// Messages of one thread, by ascending id, as their viewer sees them.
fn shown(
    conn: &mut Conn,
    thread: i64,
    rows: Vec<MessageRow>,
    scope: &AccessScope,
) -> Result<Vec<Message>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (participants, mut people) = participants(conn, &[thread])?;
    let marks = ReadReceipts::over(conn, &rows, &participants, scope)?;
    into_domain(conn, rows, &participants, &mut people, &marks, scope)
}

fn row(conn: &mut Conn, id: MessageId) -> Result<Option<MessageRow>, Failure> {
    Ok(messages::table
        .find(id.get())
        .select(MessageRow::as_select())
        .first(conn)
        .optional()?)
}

fn message(
    conn: &mut Conn,
    id: MessageId,
    scope: &AccessScope,
) -> Result<Option<Message>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    Ok(shown(conn, row.thread_id, vec![row], scope)?.pop())
}

fn context_of(
    conn: &mut Conn,
    row: &MessageRow,
    person: UserId,
) -> Result<Option<MessageContext>, Failure> {
    let thread = thread_context(conn, ThreadId::new(row.thread_id), person)?;
    Ok(thread.map(|thread| MessageContext {
        thread,
        id: MessageId::new(row.id),
        sender: UserId::new(row.sender_id),
        sent_at: row.sent_at.into(),
        is_deleted: row.deleted_at.is_some(),
        has_attachment: row.has_attachment,
    }))
}

fn message_context(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<MessageContext>, Failure> {
    match row(conn, id)? {
        Some(row) => context_of(conn, &row, person),
        None => Ok(None),
    }
}

fn message_attachment(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<AttachedBlob>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    let Some(message) = context_of(conn, &row, person)? else {
        return Ok(None);
    };
    let file = attachments(conn, &[row], &mut People::default())?.remove(&id.get());
    Ok(Some(AttachedBlob {
        message,
        file: file.map(|(_, file, blob)| (file, blob)),
    }))
}

/// A person on their way into a decision: id, whether active, whether a participant, and who.
type PostingPerson = (i64, bool, Option<bool>, PersonRow);

fn post_context(
    conn: &mut Conn,
    thread: ThreadId,
    sender: UserId,
    recipient: Option<UserId>,
    reply_to: Option<MessageId>,
) -> Result<Option<PostContext>, Failure> {
    let Some(facts) = thread_context(conn, thread, sender)? else {
        return Ok(None);
    };
    let ids: Vec<i64> = std::iter::once(sender)
        .chain(recipient)
        .map(UserId::get)
        .collect();
    let people: Vec<PostingPerson> = users::table
        .left_join(
            thread_participants::table.on(thread_participants::user_id
                .eq(users::id)
                .and(thread_participants::thread_id.eq(thread.get()))),
        )
        .filter(users::id.eq_any(id_set(&ids)))
        .select((
            users::id,
            users::is_active,
            thread_participants::participates.nullable(),
            PersonRow::as_select(),
        ))
        .load(conn)?;
    let find = |id: UserId| people.iter().find(|person| person.0 == id.get());
    let Some((_, _, _, sender)) = find(sender) else {
        return Ok(None);
    };
    let recipient = recipient
        .and_then(find)
        .map(|(_, is_active, participates, person)| {
            Ok::<_, Failure>(RecipientContext {
                user: person.clone().into_domain()?,
                is_active: *is_active,
                participates: participates.unwrap_or(false),
            })
        })
        .transpose()?;
    let reply_to_is_here = match reply_to {
        Some(reply_to) => messages::table
            .filter(messages::thread_id.eq(thread.get()))
            .filter(messages::id.eq(reply_to.get()))
            .select(messages::id)
            .first::<i64>(conn)
            .optional()?
            .is_some(),
        None => false,
    };
    Ok(Some(PostContext {
        thread: facts,
        sender: sender.clone().into_domain()?,
        recipient,
        reply_to_is_here,
    }))
}

fn edit_message(conn: &mut Conn, c: Commit<MessageEdit>) -> Result<Message, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, edit| {
            let id = edit.message.get();
            let changed = diesel::update(
                messages::table
                    .find(id)
                    .filter(messages::deleted_at.is_null()),
            )
            .set((
                messages::body.eq(edit.text.as_str()),
                messages::edited_at.eq(At::from(edit.at)),
            ))
            .execute(conn)?;
            exactly_one(changed)?;
            let edited = message(conn, edit.message, &edit.scope)?.ok_or(Failure::STALE)?;
            Ok(Outcome::to(id, edited))
        },
    )
}

fn delete_message(conn: &mut Conn, c: Commit<MessageDeletion>) -> Result<(), Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, deletion| {
            let id = deletion.message.get();
            let changed = diesel::update(
                messages::table
                    .find(id)
                    .filter(messages::deleted_at.is_null()),
            )
            .set((
                messages::body.eq(""),
                messages::has_attachment.eq(false),
                messages::deleted_at.eq(At::from(deletion.at)),
            ))
            .execute(conn)?;
            exactly_one(changed)?;
            let blob: Option<i64> = diesel::delete(
                message_attachments::table.filter(message_attachments::message_id.eq(id)),
            )
            .returning(message_attachments::blob_id)
            .get_result(conn)
            .optional()?;
            if let Some(blob) = blob {
                drop_blob(conn, blob, deletion.at)?;
            }
            Ok(Outcome::to(id, ()))
        },
    )
}
