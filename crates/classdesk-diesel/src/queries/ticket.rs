//! Tickets as their viewer sees them.

use classdesk_domain::ids::TicketId;
use classdesk_domain::policy::{AccessScope, NoteScope};
use classdesk_domain::text::{Description, Title};
use classdesk_domain::tickets::{Ticket, TicketCategory, TicketPriority, TicketStatus};
use diesel::helper_types::AsExprOf;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::people::People;
use super::rows::schema::tickets;
use super::rows::subjects::subject_ref;
use super::rows::tickets::TicketRow;
use super::rows::values::word;
use crate::error::Failure;

/// Whether internal ones are seen too, as a value that one statement can bind.
pub(super) fn sees_internal(scope: &AccessScope) -> AsExprOf<bool, Bool> {
    (scope.notes == NoteScope::All).into_sql::<Bool>()
}

/// Tickets in the order of the rows.
pub(super) fn into_domain(
    conn: &mut Conn,
    rows: Vec<TicketRow>,
    notes: NoteScope,
) -> Result<Vec<Ticket>, Failure> {
    let named = rows.iter().flat_map(|row| {
        [row.created_by, row.requester_id]
            .into_iter()
            .chain(row.assigned_to)
    });
    let people = People::load(conn, named)?;
    let seen = |public: i64, internal: i64| match notes {
        NoteScope::All => public + internal,
        NoteScope::PublicOnly => public,
    };
    rows.into_iter()
        .map(|row| {
            Ok(Ticket {
                id: TicketId::new(row.id),
                title: Title::from_stored(row.title),
                description: Description::from_stored(row.description),
                priority: word(TicketPriority::parse, &row.priority, "ticket")?,
                category: word(TicketCategory::parse, &row.category, "ticket")?,
                status: word(TicketStatus::parse, &row.status, "ticket")?,
                is_escalated: row.is_escalated,
                about: row
                    .content_type
                    .zip(row.object_id)
                    .map(|(kind, object)| subject_ref(kind, object)),
                parties: row.parties.map(Into::into),
                created_by: people.get(row.created_by)?,
                requester: people.get(row.requester_id)?,
                assigned_to: row.assigned_to.map(|id| people.get(id)).transpose()?,
                messages_count: seen(row.public_messages, row.internal_messages),
                attachments_count: seen(row.public_attachments, row.internal_attachments),
                resolved_at: row.resolved_at.map(Into::into),
                created_at: row.created_at.into(),
                updated_at: row.updated_at.into(),
                version: row.version,
            })
        })
        .collect()
}

/// A ticket, if there is one with this id.
pub(super) fn ticket(
    conn: &mut Conn,
    id: TicketId,
    scope: AccessScope,
) -> Result<Option<Ticket>, Failure> {
    let row: Option<TicketRow> = TicketRow::query()
        .filter(tickets::id.eq(id.get()))
        .first(conn)
        .optional()?;
    Ok(into_domain(conn, row.into_iter().collect(), scope.notes)?.pop())
}

/// A ticket together with something that is on it.
pub(super) fn with_ticket<T>(
    conn: &mut Conn,
    id: TicketId,
    scope: AccessScope,
    load: impl FnOnce(&mut Conn) -> Result<T, Failure>,
) -> Result<Option<(Ticket, T)>, Failure> {
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    Ok(Some((ticket, load(conn)?)))
}
