//! What is written and attached to tickets.

use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::{Page, PageRequest, SeekRequest};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::tickets::{
    InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob, TicketAttachment,
    TicketAttachmentDeletion, TicketMessage, TicketMessageDeletion,
};
use diesel::prelude::*;

use super::Conn;
use super::blobs::{drop_blob, take_upload};
use super::page::{before, cut, meaning, one_more, seek};
use super::preconditions::locked;
use super::rows::schema::{ticket_attachments, ticket_messages, tickets};
use super::rows::ticket_attachments::TicketAttachmentRow;
use super::rows::ticket_messages::TicketMessageRow;
use super::rows::values::At;
use super::ticket::{sees_internal, with_ticket};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

/// Holds a ticket for a change, or finds that it is gone.
fn lock_ticket(conn: &mut Conn, ticket: i64) -> Result<(), Failure> {
    let held: Option<i64> = locked!(conn, tickets, ticket, tickets::id);
    held.map(drop).ok_or(Failure::STALE)
}

/// Counts something new on a ticket, where a public one is activity too.
macro_rules! count_on_ticket {
    (
        $conn:expr, $ticket:expr, $at:expr,
        $is_internal:expr => $internal:expr, else $public:expr
    ) => {{
        let ticket = diesel::update(tickets::table.find($ticket));
        let counted = if $is_internal {
            ticket.set($internal.eq($internal + 1)).execute($conn)?
        } else {
            let activity = tickets::updated_at.eq($at);
            ticket
                .set(($public.eq($public + 1), activity))
                .execute($conn)?
        };
        exactly_one(counted)?;
    }};
}

pub(super) fn add_ticket_message(
    conn: &mut Conn,
    new: &InsertTicketMessage,
) -> Result<Outcome<TicketMessageId>, Failure> {
    let ticket = new.ticket.get();
    let at = At::from(new.created_at);
    lock_ticket(conn, ticket)?;
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
    count_on_ticket!(conn, ticket, at,
        new.is_internal => tickets::internal_messages, else tickets::public_messages);
    if let Some(status) = new.reopens {
        let reopened = diesel::update(tickets::table.find(ticket))
            .set((
                tickets::status.eq(status.as_str()),
                tickets::resolved_at.eq(None::<At>),
                (new.assignee_leaves).then(|| tickets::assigned_to.eq(None::<i64>)),
                tickets::version.eq(tickets::version + 1),
            ))
            .execute(conn)?;
        exactly_one(reopened)?;
    }
    Ok(Outcome::to(id, TicketMessageId::new(id)))
}

pub(super) fn list_ticket_messages(
    conn: &mut Conn,
    id: TicketId,
    scope: AccessScope,
    page: SeekRequest,
) -> Result<Option<(Ticket, Page<TicketMessage>)>, Failure> {
    let seen = || {
        TicketMessageRow::query()
            .filter(ticket_messages::ticket_id.eq(id.get()))
            .filter(sees_internal(&scope).or(ticket_messages::is_internal.eq(false)))
    };
    with_ticket(conn, id, scope, |conn| {
        let rows = seek!(
            conn,
            page,
            seen(),
            ticket_messages::id,
            |row: TicketMessageRow| row.id
        );
        meaning(rows, TicketMessageRow::into_domain)
    })
}

pub(super) fn ticket_message(
    conn: &mut Conn,
    id: TicketMessageId,
) -> Result<Option<TicketMessage>, Failure> {
    TicketMessageRow::query()
        .filter(ticket_messages::id.eq(id.get()))
        .first(conn)
        .optional()?
        .map(TicketMessageRow::into_domain)
        .transpose()
}

pub(super) fn delete_ticket_message(
    conn: &mut Conn,
    deletion: &TicketMessageDeletion,
) -> Result<Outcome<()>, Failure> {
    let id = deletion.message.get();
    let undeleted = ticket_messages::table
        .find(id)
        .filter(ticket_messages::ticket_id.eq(deletion.ticket.get()))
        .filter(ticket_messages::deleted_at.is_null());
    let emptied = diesel::update(undeleted)
        .set((
            ticket_messages::body.eq(""),
            ticket_messages::deleted_at.eq(At::from(deletion.at)),
        ))
        .execute(conn)?;
    exactly_one(emptied)?;
    Ok(Outcome::to(id, ()))
}

pub(super) fn attach_to_ticket(
    conn: &mut Conn,
    new: &InsertTicketAttachment,
) -> Result<Outcome<TicketAttachment>, Failure> {
    let ticket = new.ticket.get();
    let at = At::from(new.uploaded_at);
    lock_ticket(conn, ticket)?;
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
    count_on_ticket!(conn, ticket, at,
        new.is_internal => tickets::internal_attachments, else tickets::public_attachments);
    let row: TicketAttachmentRow = TicketAttachmentRow::query()
        .filter(ticket_attachments::id.eq(id))
        .first(conn)?;
    Ok(Outcome::to(id, row.into_domain()?.0))
}

pub(super) fn delete_ticket_attachment(
    conn: &mut Conn,
    deletion: &TicketAttachmentDeletion,
) -> Result<Outcome<()>, Failure> {
    let (id, ticket) = (deletion.attachment.get(), deletion.ticket.get());
    lock_ticket(conn, ticket)?;
    let attachment = ticket_attachments::table
        .find(id)
        .filter(ticket_attachments::ticket_id.eq(ticket));
    let deleted: Option<(i64, bool)> = diesel::delete(attachment)
        .returning((ticket_attachments::blob_id, ticket_attachments::is_internal))
        .get_result(conn)
        .optional()?;
    let (blob, is_internal) = deleted.ok_or(Failure::STALE)?;
    let counted = diesel::update(tickets::table.find(ticket));
    let counted = if is_internal {
        let counts = tickets::internal_attachments;
        counted.set(counts.eq(counts - 1)).execute(conn)?
    } else {
        let counts = tickets::public_attachments;
        counted.set(counts.eq(counts - 1)).execute(conn)?
    };
    exactly_one(counted)?;
    drop_blob(conn, blob, deletion.at)?;
    Ok(Outcome::to(id, ()))
}

pub(super) fn list_ticket_attachments(
    conn: &mut Conn,
    id: TicketId,
    scope: AccessScope,
    page: PageRequest,
) -> Result<Option<(Ticket, Page<TicketAttachment>)>, Failure> {
    with_ticket(conn, id, scope, |conn| {
        let rows: Vec<TicketAttachmentRow> = TicketAttachmentRow::query()
            .filter(ticket_attachments::ticket_id.eq(id.get()))
            .filter(ticket_attachments::id.lt(before(page)))
            .filter(sees_internal(&scope).or(ticket_attachments::is_internal.eq(false)))
            .order(ticket_attachments::id.desc())
            .limit(one_more(page))
            .load(conn)?;
        cut(rows, page, |row| row.id, |row| Ok(row.into_domain()?.0))
    })
}

pub(super) fn ticket_attachment(
    conn: &mut Conn,
    id: TicketId,
    attachment: TicketAttachmentId,
    scope: AccessScope,
) -> Result<Option<TicketAttachedBlob>, Failure> {
    let found = with_ticket(conn, id, scope, |conn| {
        let row: Option<TicketAttachmentRow> = TicketAttachmentRow::query()
            .filter(ticket_attachments::id.eq(attachment.get()))
            .filter(ticket_attachments::ticket_id.eq(id.get()))
            .first(conn)
            .optional()?;
        row.map(TicketAttachmentRow::into_domain).transpose()
    })?;
    Ok(found.and_then(|(ticket, found)| {
        let (attachment, blob) = found?;
        Some(TicketAttachedBlob {
            ticket,
            attachment,
            blob,
        })
    }))
}
