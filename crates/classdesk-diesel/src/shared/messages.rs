//! Messages of threads.

use std::collections::HashMap;

use classdesk_domain::blobs::{FileInfo, StoredBlob};
use classdesk_domain::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::Role;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::Commit;
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    AttachedBlob, Message, MessageAttachment, MessageContext, MessageDeletion, MessageEdit,
    MessageKind, MessageQuery, PostContext, RecipientContext, ThreadContext,
};
use diesel::prelude::*;

use super::Conn;
use super::commit::{Applied, Writes, commit, exactly_one};
use super::dialect::among;
use super::files::{OwnedBlobRow, drop_blob, file_info};
use super::page::{after, cut, one_more};
use super::people::{People, PersonRow};
use super::receipts::Marks;
use super::schema::{blobs, message_attachments, messages, thread_participants, users};
use super::threads::thread_context;
use super::values::{At, word};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow {
    pub(super) id: i64,
    pub(super) thread_id: i64,
    pub(super) sender_id: i64,
    sender_role: String,
    recipient_id: Option<i64>,
    body: String,
    kind: String,
    reply_to: Option<i64>,
    has_attachment: bool,
    sent_at: At,
    edited_at: Option<At>,
    deleted_at: Option<At>,
}

/// What a thread knows of somebody who is or was in it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = thread_participants)]
pub(super) struct Seat {
    #[diesel(column_name = thread_id)]
    thread: i64,
    #[diesel(column_name = user_id)]
    pub(super) user: i64,
    pub(super) participates: bool,
    sent_count: i64,
    last_read_id: Option<i64>,
    read_count: i64,
    sent_read_count: i64,
}

impl Seat {
    /// The seat of somebody who has done nothing yet.
    pub(super) const fn empty(thread: i64, user: i64) -> Self {
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
    pub(super) fn has_read(&self, message: i64) -> bool {
        self.last_read_id.is_some_and(|mark| mark >= message)
    }

    /// How many messages of others lie beyond the mark, of so many in the thread.
    pub(super) const fn unread(&self, message_count: i64) -> i64 {
        (message_count - self.read_count) - (self.sent_count - self.sent_read_count)
    }
}

/// Who is or was in these threads, by ascending id, and who they are.
pub(super) fn seats(
    conn: &mut Conn,
    threads: &[i64],
) -> Result<(HashMap<i64, Vec<Seat>>, People), Failure> {
    let rows: Vec<(Seat, PersonRow)> = thread_participants::table
        .inner_join(users::table.on(users::id.eq(thread_participants::user_id)))
        .filter(thread_participants::thread_id.eq_any(among(threads)))
        .select((Seat::as_select(), PersonRow::as_select()))
        .load(conn)?;
    let mut people = People::default();
    let mut seats: HashMap<i64, Vec<Seat>> = HashMap::with_capacity(threads.len());
    for (seat, person) in rows {
        people.insert(person.into_domain()?);
        seats.entry(seat.thread).or_default().push(seat);
    }
    for seats in seats.values_mut() {
        seats.sort_unstable_by_key(|seat| seat.user);
    }
    Ok((seats, people))
}

/// These messages, in no order.
pub(super) fn by_id(conn: &mut Conn, ids: &[i64]) -> Result<Vec<MessageRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(messages::table
        .filter(messages::id.eq_any(among(ids)))
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
        .filter(message_attachments::message_id.eq_any(among(&ids)))
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
    seats: &HashMap<i64, Vec<Seat>>,
    people: &mut People,
    marks: &Marks,
    scope: &AccessScope,
) -> Result<Vec<Message>, Failure> {
    let named = rows
        .iter()
        .flat_map(|row| std::iter::once(row.sender_id).chain(row.recipient_id));
    people.add_missing(conn, named)?;
    let mut attachments = attachments(conn, &rows, people)?;
    rows.into_iter()
        .map(|row| {
            let seats = seats
                .get(&row.thread_id)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let viewer = scope.viewer.get();
            let is_read = if row.sender_id == viewer {
                seats
                    .iter()
                    .any(|seat| seat.user != viewer && seat.has_read(row.id))
            } else {
                seats
                    .iter()
                    .any(|seat| seat.user == viewer && seat.has_read(row.id))
            };
            let attachment = attachments.remove(&row.id);
            Ok(Message {
                read_by: marks.receipts(&row, seats, people, scope)?,
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

pub(super) fn list_messages(
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
    let (seats, mut people) = seats(conn, &[thread])?;
    let marks = Marks::over(conn, &rows, &seats, scope)?;
    into_domain(conn, rows, &seats, &mut people, &marks, scope)
}

fn row(conn: &mut Conn, id: MessageId) -> Result<Option<MessageRow>, Failure> {
    Ok(messages::table
        .find(id.get())
        .select(MessageRow::as_select())
        .first(conn)
        .optional()?)
}

pub(super) fn message(
    conn: &mut Conn,
    id: MessageId,
    scope: &AccessScope,
) -> Result<Option<Message>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    Ok(shown(conn, row.thread_id, vec![row], scope)?.pop())
}

fn facts_of(
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

pub(super) fn message_context(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<MessageContext>, Failure> {
    match row(conn, id)? {
        Some(row) => facts_of(conn, &row, person),
        None => Ok(None),
    }
}

pub(super) fn message_attachment(
    conn: &mut Conn,
    id: MessageId,
    person: UserId,
) -> Result<Option<AttachedBlob>, Failure> {
    let Some(row) = row(conn, id)? else {
        return Ok(None);
    };
    let Some(message) = facts_of(conn, &row, person)? else {
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

pub(super) fn post_context(
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
        .filter(users::id.eq_any(among(&ids)))
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

pub(super) fn edit_message(conn: &mut Conn, c: Commit<MessageEdit>) -> Result<Message, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
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
            Ok(Applied::to(id, edited))
        },
    )
}

pub(super) fn delete_message(conn: &mut Conn, c: Commit<MessageDeletion>) -> Result<(), Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
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
                drop_blob(conn, blob)?;
            }
            Ok(Applied::to(id, ()))
        },
    )
}
