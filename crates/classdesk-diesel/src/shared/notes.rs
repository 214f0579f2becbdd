//! What is written and attached to tickets, and their history.

use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, NoteScope};
use classdesk_domain::store::Commit;
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::{
    InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob, TicketAttachment,
    TicketMessage,
};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::commit::{Applied, Writes, commit, exactly_one};
use super::dialect::for_change;
use super::files::{OwnedBlobRow, file_info, take_upload};
use super::page::{after, before, cut, one_more};
use super::people::PersonRow;
use super::schema::{blobs, ticket_attachments, ticket_messages, tickets, users};
use super::tickets::ticket;
use super::values::At;
use super::{Conn, events};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket_messages)]
struct NoteRow {
    id: i64,
    ticket_id: i64,
    body: String,
    is_internal: bool,
    created_at: At,
}

type FullNote = (NoteRow, PersonRow);

fn into_note((row, sender): FullNote) -> Result<TicketMessage, Failure> {
    Ok(TicketMessage {
        id: TicketMessageId::new(row.id),
        ticket: TicketId::new(row.ticket_id),
        sender: sender.into_domain()?,
        text: MessageText::from_stored(row.body),
        is_internal: row.is_internal,
        created_at: row.created_at.into(),
    })
}

/// Whether internal ones are seen too, as a value that one statement can bind.
const fn sees_internal(scope: &AccessScope) -> bool {
    matches!(scope.notes, NoteScope::All)
}

/// Holds a ticket for a change, or finds that it is gone.
fn hold(conn: &mut Conn, ticket: i64) -> Result<(), Failure> {
    for_change!(
        tickets::table
            .filter(tickets::id.eq(ticket))
            .select(tickets::id)
    )
    .first::<i64>(conn)
    .optional()?
    .map(drop)
    .ok_or(Failure::STALE)
}

pub(super) fn add_ticket_message(
    conn: &mut Conn,
    c: Commit<InsertTicketMessage>,
) -> Result<TicketMessageId, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            let ticket = new.ticket.get();
            let at = At::from(new.created_at);
            hold(conn, ticket)?;
            let id: i64 = diesel::insert_into(ticket_messages::table)
                .values((
                    ticket_messages::ticket_id.eq(ticket),
                    ticket_messages::sender_id.eq(new.sender.get()),
                    ticket_messages::body.eq(new.text.as_str()),
                    ticket_messages::is_internal.eq(new.is_internal),
                    ticket_messages::created_at.eq(at),
                ))
                .returning(ticket_messages::id)
                .get_result(conn)?;
            let of_ticket = tickets::table.find(ticket);
            let counted = if new.is_internal {
                diesel::update(of_ticket)
                    .set(tickets::internal_messages.eq(tickets::internal_messages + 1))
                    .execute(conn)?
            } else {
                diesel::update(of_ticket)
                    .set((
                        tickets::public_messages.eq(tickets::public_messages + 1),
                        tickets::updated_at.eq(at),
                    ))
                    .execute(conn)?
            };
            exactly_one(counted)?;
            if let Some(status) = new.reopens {
                let reopened = diesel::update(of_ticket)
                    .set((
                        tickets::status.eq(status.as_str()),
                        tickets::resolved_at.eq(None::<At>),
                        tickets::version.eq(tickets::version + 1),
                    ))
                    .execute(conn)?;
                exactly_one(reopened)?;
            }
            Ok(Applied::to(id, TicketMessageId::new(id)))
        },
    )
}

pub(super) fn list_ticket_messages(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Option<(Ticket, Page<TicketMessage>)>, Failure> {
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    let rows: Vec<FullNote> = ticket_messages::table
        .inner_join(users::table.on(users::id.eq(ticket_messages::sender_id)))
        .filter(ticket_messages::ticket_id.eq(id.get()))
        .filter(ticket_messages::id.gt(after(page)))
        .filter(
            sees_internal(scope)
                .into_sql::<Bool>()
                .or(ticket_messages::is_internal.eq(false)),
        )
        .select((NoteRow::as_select(), PersonRow::as_select()))
        .order(ticket_messages::id)
        .limit(one_more(page))
        .load(conn)?;
    let page = cut(rows, page, |row| row.0.id).try_map(into_note)?;
    Ok(Some((ticket, page)))
}

pub(super) fn ticket_message(
    conn: &mut Conn,
    id: TicketMessageId,
) -> Result<Option<TicketMessage>, Failure> {
    ticket_messages::table
        .inner_join(users::table.on(users::id.eq(ticket_messages::sender_id)))
        .filter(ticket_messages::id.eq(id.get()))
        .select((NoteRow::as_select(), PersonRow::as_select()))
        .first(conn)
        .optional()?
        .map(into_note)
        .transpose()
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ticket_attachments)]
struct AttachmentRow {
    id: i64,
    ticket_id: i64,
    file_name: String,
    is_internal: bool,
    uploaded_at: At,
}

type FullAttachment = (AttachmentRow, OwnedBlobRow, PersonRow);

/// Attachments with their bytes' rows and uploaders. A macro because the type can't be written
/// down.
macro_rules! attachments {
    () => {
        ticket_attachments::table
            .inner_join(blobs::table.on(blobs::id.eq(ticket_attachments::blob_id)))
            .inner_join(users::table.on(users::id.eq(ticket_attachments::uploaded_by)))
            .select((
                AttachmentRow::as_select(),
                OwnedBlobRow::as_select(),
                PersonRow::as_select(),
            ))
    };
}

fn into_attachment(
    (row, blob, uploader): FullAttachment,
) -> Result<(TicketAttachment, classdesk_domain::blobs::StoredBlob), Failure> {
    let (file, blob) = file_info(
        row.file_name,
        uploader.into_domain()?,
        row.uploaded_at,
        blob,
    )?;
    let attachment = TicketAttachment {
        id: TicketAttachmentId::new(row.id),
        ticket: TicketId::new(row.ticket_id),
        file,
        is_internal: row.is_internal,
    };
    Ok((attachment, blob))
}

pub(super) fn attach_to_ticket(
    conn: &mut Conn,
    c: Commit<InsertTicketAttachment>,
) -> Result<TicketAttachment, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            let ticket = new.ticket.get();
            let at = At::from(new.uploaded_at);
            hold(conn, ticket)?;
            take_upload(conn, &new.upload)?;
            let id: i64 = diesel::insert_into(ticket_attachments::table)
                .values((
                    ticket_attachments::ticket_id.eq(ticket),
                    ticket_attachments::blob_id.eq(new.upload.blob.get()),
                    ticket_attachments::file_name.eq(new.upload.name.as_str()),
                    ticket_attachments::is_internal.eq(new.is_internal),
                    ticket_attachments::uploaded_by.eq(new.upload.uploaded_by.get()),
                    ticket_attachments::uploaded_at.eq(at),
                ))
                .returning(ticket_attachments::id)
                .get_result(conn)?;
            let of_ticket = tickets::table.find(ticket);
            let counted = if new.is_internal {
                diesel::update(of_ticket)
                    .set(tickets::internal_attachments.eq(tickets::internal_attachments + 1))
                    .execute(conn)?
            } else {
                diesel::update(of_ticket)
                    .set((
                        tickets::public_attachments.eq(tickets::public_attachments + 1),
                        tickets::updated_at.eq(at),
                    ))
                    .execute(conn)?
            };
            exactly_one(counted)?;
            let row: FullAttachment = attachments!()
                .filter(ticket_attachments::id.eq(id))
                .first(conn)?;
            Ok(Applied::to(id, into_attachment(row)?.0))
        },
    )
}

pub(super) fn list_ticket_attachments(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Option<(Ticket, Page<TicketAttachment>)>, Failure> {
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    let rows: Vec<FullAttachment> = attachments!()
        .filter(ticket_attachments::ticket_id.eq(id.get()))
        .filter(ticket_attachments::id.lt(before(page)))
        .filter(
            sees_internal(scope)
                .into_sql::<Bool>()
                .or(ticket_attachments::is_internal.eq(false)),
        )
        .order(ticket_attachments::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    let page = cut(rows, page, |row| row.0.id).try_map(|row| Ok(into_attachment(row)?.0))?;
    Ok(Some((ticket, page)))
}

pub(super) fn ticket_attachment(
    conn: &mut Conn,
    id: TicketId,
    attachment: TicketAttachmentId,
    scope: &AccessScope,
) -> Result<Option<TicketAttachedBlob>, Failure> {
    let row: Option<FullAttachment> = attachments!()
        .filter(ticket_attachments::id.eq(attachment.get()))
        .filter(ticket_attachments::ticket_id.eq(id.get()))
        .first(conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    let (attachment, blob) = into_attachment(row)?;
    Ok(Some(TicketAttachedBlob {
        ticket,
        attachment,
        blob,
    }))
}

pub(super) fn ticket_history(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Option<(Ticket, Page<HistoryLine>)>, Failure> {
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    let lines = events::history(conn, id, sees_internal(scope), page)?;
    Ok(Some((ticket, lines)))
}
