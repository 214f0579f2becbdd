//! Messages of threads.

use std::collections::HashMap;

use classdesk_domain::blobs::{FileInfo, StoredBlob};
use classdesk_domain::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Limit, Page, SeekRequest};
use classdesk_domain::people::Role;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    AttachedBlob, InsertMessage, Message, MessageAttachment, MessageContext, MessageDeletion,
    MessageEdit, MessageKind, MessagePage, MessageQuery, MessageRepository, MessageStart,
    PostContext, RecipientContext, ThreadContext,
};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::Conn;
use super::blobs::drop_blob;
use super::dialect::id_set;
use super::page::{one_more_than, seek};
use super::participants::{Participants, participant};
use super::people::People;
use super::port::port;
use super::post_message::post_message;
use super::read_receipts::ReadReceipts;
use super::rows::blobs::OwnedBlobRow;
use super::rows::messages::MessageRow;
use super::rows::schema::{
    blobs, message_attachments, messages, thread_participants, threads, users,
};
use super::rows::users::PersonRow;
use super::rows::values::{At, word};
use super::thread_context::thread_context;
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl MessageRepository {
        snapshot post_context(
            thread: ThreadId, sender: UserId, recipient: Option<UserId>, reply_to: Option<MessageId>
        ) -> Option<PostContext>;
        snapshot list_messages(query: MessageQuery) -> Option<(ThreadContext, Page<Message>)>;
        snapshot message_context(id: MessageId, person: UserId) -> Option<MessageContext>;
        snapshot message(id: MessageId, scope: AccessScope) -> Option<Message>;
        snapshot message_attachment(id: MessageId, person: UserId) -> Option<AttachedBlob>;
    }
    commits {
        post_message(InsertMessage) -> (MessageId, Option<MessageAttachmentId>);
        edit_message(MessageEdit) -> Message;
        delete_message(MessageDeletion) -> ();
    }
}

/// These messages, in no order.
pub(super) fn by_id(conn: &mut Conn, ids: &[i64]) -> Result<Vec<MessageRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(MessageRow::query()
        .filter(messages::id.eq_any(id_set(ids)))
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
            let (file, blob) = blob.into_file(name, people.get(by)?, at)?;
            Ok((message, (MessageAttachmentId::new(id), file, blob)))
        })
        .collect()
}

/// Messages as their viewer sees them, in the order of the rows.
pub(super) fn into_domain(
    conn: &mut Conn,
    rows: Vec<MessageRow>,
    participants: &Participants,
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
            let participants = participants.of(row.thread_id);
            // One's own message is read when any of the others has read it.
            let viewer = scope.viewer.get();
            let is_own = row.sender_id == viewer;
            let is_read = participants
                .iter()
                .any(|other| (other.user_id == viewer) != is_own && other.has_read(row.id));
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
                version: row.version,
            })
        })
        .collect()
}

fn list_messages(
    conn: &mut Conn,
    query: MessageQuery,
) -> Result<Option<(ThreadContext, Page<Message>)>, Failure> {
    let Some(facts) = thread_context(conn, query.thread, query.scope.viewer)? else {
        return Ok(None);
    };
    let thread = query.thread.get();
    let MessagePage { limit, start } = query.page;
    let page = match start {
        MessageStart::Seek(seek) => page_of(conn, thread, SeekRequest { limit, seek })?,
        MessageStart::Around(id) => page_around(conn, thread, id.get(), limit)?,
        MessageStart::AroundUnread => {
            let id = first_unread_or_latest(conn, thread, query.scope.viewer.get())?;
            page_around(conn, thread, id, limit)?
        }
    };
    let page = page.try_map_all(|rows| shown(conn, thread, rows, &query.scope))?;
    Ok(Some((facts, page)))
}

fn page_of(conn: &mut Conn, thread: i64, page: SeekRequest) -> Result<Page<MessageRow>, Failure> {
    let of_thread = || MessageRow::query().filter(messages::thread_id.eq(thread));
    Ok(seek!(
        conn,
        page,
        of_thread(),
        messages::id,
        |row: MessageRow| row.id
    ))
}

/// A page with a message in the middle, if the thread has it.
fn page_around(
    conn: &mut Conn,
    thread: i64,
    id: i64,
    limit: Limit,
) -> Result<Page<MessageRow>, Failure> {
    let of_thread = || MessageRow::query().filter(messages::thread_id.eq(thread));
    let mut rows: Vec<MessageRow> = of_thread()
        .filter(messages::id.lt(id))
        .order(messages::id.desc())
        .limit(i64::from(limit.get()))
        .load(conn)?;
    let from: Vec<MessageRow> = of_thread()
        .filter(messages::id.ge(id))
        .order(messages::id)
        .limit(one_more_than(limit))
        .load(conn)?;
    if from.first().is_none_or(|row| row.id != id) {
        rows.clear();
    } else {
        // The page is filled up with earlier ones where the thread ends before it.
        let length = limit.get() as usize;
        rows.truncate((length / 2).max(length.saturating_sub(from.len())));
        rows.reverse();
        rows.extend(from);
        rows.truncate(length + 1);
    }
    Ok(Page::cut(rows, limit, |row| Cursor::of_id(row.id)).around(id))
}

/// The first message that counts as unread, or the latest one; 0 where the thread has none.
fn first_unread_or_latest(conn: &mut Conn, thread: i64, viewer: i64) -> Result<i64, Failure> {
    let mark = participant(conn, thread, viewer)?.and_then(|known| known.last_read_id);
    let ids = messages::table
        .filter(messages::thread_id.eq(thread))
        .select(messages::id);
    let unread: Option<i64> = ids
        .filter(messages::id.gt(mark.unwrap_or(0)))
        .filter(messages::sender_id.ne(viewer))
        .filter(messages::deleted_at.is_null())
        .order(messages::id)
        .first(conn)
        .optional()?;
    let latest = match unread {
        Some(id) => Some(id),
        None => ids.order(messages::id.desc()).first(conn).optional()?,
    };
    Ok(latest.unwrap_or(0))
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
    let (participants, mut people) = Participants::load(conn, &[thread])?;
    let marks = ReadReceipts::over(conn, &rows, &participants, scope)?;
    into_domain(conn, rows, &participants, &mut people, &marks, scope)
}

fn row(conn: &mut Conn, id: MessageId) -> Result<Option<MessageRow>, Failure> {
    Ok(MessageRow::query().find(id.get()).first(conn).optional()?)
}

fn message(conn: &mut Conn, id: MessageId, scope: AccessScope) -> Result<Option<Message>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    Ok(shown(conn, row.thread_id, vec![row], &scope)?.pop())
}

/// A message with the facts that decisions about it rest on.
fn row_in_context(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<(MessageRow, MessageContext)>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    let thread = thread_context(conn, ThreadId::new(row.thread_id), person)?;
    Ok(thread.map(|thread| {
        let context = MessageContext {
            thread,
            id,
            sender: UserId::new(row.sender_id),
            sent_at: row.sent_at.into(),
            text: MessageText::from_stored(row.body.clone()),
            is_deleted: row.deleted_at.is_some(),
            has_attachment: row.has_attachment,
            version: row.version,
        };
        (row, context)
    }))
}

fn message_context(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<MessageContext>, Failure> {
    Ok(row_in_context(conn, id, person)?.map(|(_, context)| context))
}

fn message_attachment(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<AttachedBlob>, Failure> {
    let Some((row, message)) = row_in_context(conn, id, person)? else {
        return Ok(None);
    };
    let file = attachments(conn, &[row], &mut People::default())?.remove(&id.get());
    Ok(Some(AttachedBlob {
        message,
        file: file.map(|(_, file, blob)| (file, blob)),
    }))
}

/// A person with whether they are active, and whether a participant.
type PostingPerson = (PersonRow, bool, Option<bool>);

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
    let ids = std::iter::once(sender).chain(recipient);
    let people: Vec<PostingPerson> = users::table
        .left_join(
            thread_participants::table.on(thread_participants::user_id
                .eq(users::id)
                .and(thread_participants::thread_id.eq(thread.get()))),
        )
        .filter(users::id.eq_any(id_set(ids.map(UserId::get))))
        .select((
            PersonRow::as_select(),
            users::is_active,
            thread_participants::participates.nullable(),
        ))
        .load(conn)?;
    let find = |id: UserId| people.iter().find(|(person, ..)| person.id == id.get());
    let Some((sender, ..)) = find(sender) else {
        return Ok(None);
    };
    let recipient = match recipient.and_then(find) {
        Some((person, is_active, participates)) => Some(RecipientContext {
            user: person.clone().into_domain()?,
            is_active: *is_active,
            participates: participates.unwrap_or(false),
        }),
        None => None,
    };
    let reply_to_is_here = match reply_to {
        Some(reply_to) => {
            let in_thread = messages::table.filter(messages::thread_id.eq(thread.get()));
            let found = in_thread.filter(messages::id.eq(reply_to.get()));
            diesel::select(exists(found)).get_result(conn)?
        }
        None => false,
    };
    Ok(Some(PostContext {
        thread: facts,
        sender: sender.clone().into_domain()?,
        recipient,
        reply_to_is_here,
    }))
}

/// A message that is not deleted, for a change. A macro because the type can't be written down.
macro_rules! undeleted {
    ($id:expr) => {
        messages::table
            .find($id)
            .filter(messages::deleted_at.is_null())
    };
}

fn edit_message(conn: &mut Conn, edit: &MessageEdit) -> Result<Outcome<Message>, Failure> {
    let id = edit.message.get();
    let changed = diesel::update(undeleted!(id))
        .set((
            messages::body.eq(edit.text.as_str()),
            messages::edited_at.eq(At::from(edit.at)),
            messages::version.eq(messages::version + 1),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    let edited = message(conn, edit.message, edit.scope)?.ok_or(Failure::STALE)?;
    Ok(Outcome::to(id, edited))
}

fn delete_message(conn: &mut Conn, deletion: &MessageDeletion) -> Result<Outcome<()>, Failure> {
    let id = deletion.message.get();
    let found = messages::table.filter(messages::id.eq(id));
    let found: Option<(i64, i64)> = found
        .select((messages::thread_id, messages::sender_id))
        .first(conn)
        .optional()?;
    let (thread, sender) = found.ok_or(Failure::STALE)?;
    // The thread first: marks and counts move only while it is held.
    let counted = diesel::update(threads::table.find(thread))
        .set(threads::deleted_count.eq(threads::deleted_count + 1))
        .execute(conn)?;
    exactly_one(counted)?;
    let changed = diesel::update(undeleted!(id))
        .set((
            messages::body.eq(""),
            messages::has_attachment.eq(false),
            messages::deleted_at.eq(At::from(deletion.at)),
            messages::version.eq(messages::version + 1),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    let is_known = thread_participants::user_id
        .eq(sender)
        .nullable()
        .or(thread_participants::last_read_id.ge(id));
    let of_thread = thread_participants::table.filter(thread_participants::thread_id.eq(thread));
    diesel::update(of_thread.filter(is_known))
        .set(
            thread_participants::known_deleted_count
                .eq(thread_participants::known_deleted_count + 1),
        )
        .execute(conn)?;
    let attachment = message_attachments::table.filter(message_attachments::message_id.eq(id));
    let blob: Option<i64> = diesel::delete(attachment)
        .returning(message_attachments::blob_id)
        .get_result(conn)
        .optional()?;
    if let Some(blob) = blob {
        drop_blob(conn, blob, deletion.at)?;
    }
    Ok(Outcome::to(id, ()))
}
