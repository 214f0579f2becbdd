//! What is written and attached to tickets.

use classdesk_domain::blobs::StoredBlob;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, NoteScope};
use classdesk_domain::store::Commit;
use classdesk_domain::tickets::{
    InsertTicketAttachment, InsertTicketMessage, TicketAttachment, TicketMessage,
};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::blobs::take_upload;
use super::commit::commit;
use super::dialect::for_update;
use super::page::{after, before, cut, one_more};
use super::rows::blobs::OwnedBlobRow;
use super::rows::schema::{blobs, ticket_attachments, ticket_messages, tickets, users};
use super::rows::ticket_attachments::{FullAttachment, TicketAttachmentRow, into_attachment};
use super::rows::ticket_messages::{FullTicketMessage, TicketMessageRow, into_ticket_message};
use super::rows::users::PersonRow;
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

/// Whether internal ones are seen too, as a value that one statement can bind.
pub(super) const fn sees_internal(scope: &AccessScope) -> bool {
    matches!(scope.notes, NoteScope::All)
}

/// Holds a ticket for a change, or finds that it is gone.
fn lock_ticket(conn: &mut Conn, ticket: i64) -> Result<(), Failure> {
    for_update!(
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
        |_| LockTargets::default(),
        |conn, new| {
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
            Ok(Outcome::to(id, TicketMessageId::new(id)))
        },
    )
}

pub(super) fn messages_of(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Page<TicketMessage>, Failure> {
    let rows: Vec<FullTicketMessage> = ticket_messages::table
        .inner_join(users::table.on(users::id.eq(ticket_messages::sender_id)))
        .filter(ticket_messages::ticket_id.eq(id.get()))
        .filter(ticket_messages::id.gt(after(page)))
        .filter(
            sees_internal(scope)
                .into_sql::<Bool>()
                .or(ticket_messages::is_internal.eq(false)),
        )
        .select((TicketMessageRow::as_select(), PersonRow::as_select()))
        .order(ticket_messages::id)
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row| row.0.id).try_map(into_ticket_message)
}

pub(super) fn ticket_message(
    conn: &mut Conn,
    id: TicketMessageId,
) -> Result<Option<TicketMessage>, Failure> {
    ticket_messages::table
        .inner_join(users::table.on(users::id.eq(ticket_messages::sender_id)))
        .filter(ticket_messages::id.eq(id.get()))
        .select((TicketMessageRow::as_select(), PersonRow::as_select()))
        .first(conn)
        .optional()?
        .map(into_ticket_message)
        .transpose()
}

/// Attachments with their bytes' rows and uploaders. A macro because the type can't be written
/// down.
macro_rules! attachments {
    () => {
        ticket_attachments::table
            .inner_join(blobs::table.on(blobs::id.eq(ticket_attachments::blob_id)))
            .inner_join(users::table.on(users::id.eq(ticket_attachments::uploaded_by)))
            .select((
                TicketAttachmentRow::as_select(),
                OwnedBlobRow::as_select(),
                PersonRow::as_select(),
            ))
    };
}

pub(super) fn attach_to_ticket(
    conn: &mut Conn,
    c: Commit<InsertTicketAttachment>,
) -> Result<TicketAttachment, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, new| {
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
            Ok(Outcome::to(id, into_attachment(row)?.0))
        },
    )
}

pub(super) fn attachments_of(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    page: PageRequest,
) -> Result<Page<TicketAttachment>, Failure> {
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
    cut(rows, page, |row| row.0.id).try_map(|row| Ok(into_attachment(row)?.0))
}

pub(super) fn ticket_attachment(
    conn: &mut Conn,
    id: TicketId,
    attachment: TicketAttachmentId,
) -> Result<Option<(TicketAttachment, StoredBlob)>, Failure> {
    let row: Option<FullAttachment> = attachments!()
        .filter(ticket_attachments::id.eq(attachment.get()))
        .filter(ticket_attachments::ticket_id.eq(id.get()))
        .first(conn)
        .optional()?;
    row.map(into_attachment).transpose()
}
