//! Tickets.

use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, NoteScope, TicketScope};
use classdesk_domain::store::Commit;
use classdesk_domain::text::{Description, Title};
use classdesk_domain::tickets::{
    InsertTicket, Ticket, TicketCategory, TicketPriority, TicketQuery, TicketStatus, TicketUpdate,
};
use diesel::prelude::*;

use super::Conn;
use super::commit::{Applied, Writes, commit, exactly_one};
use super::dialect::ascii_lower;
use super::page::{before, cut, one_more};
use super::people::People;
use super::schema::{subjects, tickets};
use super::subjects::parties;
use super::threads::subject_ref;
use super::values::{At, containing, word};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tickets)]
pub(super) struct TicketRow {
    id: i64,
    title: String,
    description: String,
    priority: String,
    category: String,
    status: String,
    is_escalated: bool,
    content_type: Option<String>,
    object_id: Option<i64>,
    created_by: i64,
    requester_id: i64,
    assigned_to: Option<i64>,
    resolved_at: Option<At>,
    created_at: At,
    updated_at: At,
    version: i64,
    public_messages: i64,
    internal_messages: i64,
    public_attachments: i64,
    internal_attachments: i64,
}

/// A ticket with the client and the writer of its subject.
type FullRow = (TicketRow, Option<i64>, Option<i64>);

/// Tickets with the parties of their subjects. A macro because the type can't be written down.
macro_rules! full {
    () => {
        tickets::table
            .left_join(
                subjects::table.on(subjects::content_type
                    .nullable()
                    .eq(tickets::content_type)
                    .and(subjects::object_id.nullable().eq(tickets::object_id))),
            )
            .select((
                TicketRow::as_select(),
                subjects::client_id.nullable(),
                subjects::assigned_writer_id.nullable(),
            ))
    };
}

/// Tickets as their viewer sees them, in the order of the rows.
fn into_domain(
    conn: &mut Conn,
    rows: Vec<FullRow>,
    notes: NoteScope,
) -> Result<Vec<Ticket>, Failure> {
    let named = rows.iter().flat_map(|(row, _, _)| {
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
        .map(|(row, client, writer)| {
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
                parties: client.map(|client| parties(client, writer)),
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

pub(super) fn ticket(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
) -> Result<Option<Ticket>, Failure> {
    let row: Option<FullRow> = full!()
        .filter(tickets::id.eq(id.get()))
        .first(conn)
        .optional()?;
    let rows = row.into_iter().collect();
    Ok(into_domain(conn, rows, scope.notes)?.pop())
}

pub(super) fn list_tickets(
    conn: &mut Conn,
    query: &TicketQuery,
    page: PageRequest,
) -> Result<Page<Ticket>, Failure> {
    let TicketQuery { scope, filter } = query;
    let mut rows = full!()
        .filter(tickets::id.lt(before(page)))
        .order(tickets::id.desc())
        .limit(one_more(page))
        .into_boxed();
    rows = match scope.tickets {
        TicketScope::All => rows,
        TicketScope::RequestedBy(requester) => {
            rows.filter(tickets::requester_id.eq(requester.get()))
        }
        TicketScope::RequestedByUnlessAssigned(requester) => rows
            .filter(tickets::requester_id.eq(requester.get()))
            .filter(
                subjects::assigned_writer_id
                    .nullable()
                    .is_null()
                    .or(subjects::assigned_writer_id.nullable().ne(requester.get())),
            ),
    };
    if let Some(status) = filter.status {
        rows = rows.filter(tickets::status.eq(status.as_str()));
    }
    if let Some(priority) = filter.priority {
        rows = rows.filter(tickets::priority.eq(priority.as_str()));
    }
    if let Some(category) = filter.category {
        rows = rows.filter(tickets::category.eq(category.as_str()));
    }
    if let Some(staff) = filter.assigned_to {
        rows = rows.filter(tickets::assigned_to.eq(staff.get()));
    }
    if let Some(creator) = filter.created_by {
        rows = rows.filter(tickets::created_by.eq(creator.get()));
    }
    if let Some(kind) = &filter.content_type {
        rows = rows.filter(tickets::content_type.eq(kind.as_str()));
    }
    if let Some(object) = filter.object_id {
        rows = rows.filter(tickets::object_id.eq(object));
    }
    if let Some(q) = &filter.q {
        let pattern = containing(q.as_str());
        rows = rows.filter(
            ascii_lower(tickets::title)
                .like(pattern.clone())
                .escape('\\')
                .or(ascii_lower(tickets::description).like(pattern).escape('\\')),
        );
    }
    let rows: Vec<FullRow> = rows.load(conn)?;
    let rows = cut(rows, page, |row| row.0.id).0;
    Ok(Page {
        next: rows.next,
        items: into_domain(conn, rows.items, scope.notes)?,
    })
}

#[derive(Insertable)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
struct TicketInsert<'a> {
    title: &'a str,
    description: &'a str,
    priority: &'a str,
    category: &'a str,
    status: &'a str,
    is_escalated: bool,
    content_type: Option<&'a str>,
    object_id: Option<i64>,
    created_by: i64,
    requester_id: i64,
    assigned_to: Option<i64>,
    resolved_at: Option<At>,
    created_at: At,
    updated_at: At,
    version: i64,
}

pub(super) fn create_ticket(conn: &mut Conn, c: Commit<InsertTicket>) -> Result<Ticket, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            let at = At::from(new.created_at);
            let about = new.about.as_ref();
            let id: i64 = diesel::insert_into(tickets::table)
                .values(TicketInsert {
                    title: new.ticket.title.as_str(),
                    description: new.description.as_str(),
                    priority: new.ticket.priority.as_str(),
                    category: new.ticket.category.as_str(),
                    status: TicketStatus::Open.as_str(),
                    is_escalated: false,
                    content_type: about.map(|about| about.content_type.as_str()),
                    object_id: about.map(|about| about.object_id),
                    created_by: new.created_by.get(),
                    requester_id: new.requester.get(),
                    assigned_to: None,
                    resolved_at: None,
                    created_at: at,
                    updated_at: at,
                    version: 1,
                })
                .returning(tickets::id)
                .get_result(conn)?;
            Ok(Applied::to(id, written(conn, id, NoteScope::All)?))
        },
    )
}

/// A ticket that a commit has written, as its viewer sees it.
pub(super) fn written(conn: &mut Conn, id: i64, notes: NoteScope) -> Result<Ticket, Failure> {
    let row: FullRow = full!().filter(tickets::id.eq(id)).first(conn)?;
    into_domain(conn, vec![row], notes)?
        .pop()
        .ok_or(Failure::STALE)
}

pub(super) fn update_ticket(conn: &mut Conn, c: Commit<TicketUpdate>) -> Result<Ticket, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, update| {
            let TicketUpdate {
                ticket,
                assigned_to,
                at,
                scope,
            } = update;
            let id = ticket.id.get();
            let changed = diesel::update(tickets::table.find(id))
                .set((
                    tickets::title.eq(ticket.title.as_str()),
                    tickets::status.eq(ticket.status.as_str()),
                    tickets::is_escalated.eq(ticket.is_escalated),
                    tickets::resolved_at.eq(ticket.resolved_at.map(At::from)),
                    tickets::priority.eq(ticket.priority.as_str()),
                    tickets::category.eq(ticket.category.as_str()),
                    tickets::updated_at.eq(At::from(at)),
                    tickets::version.eq(tickets::version + 1),
                ))
                .execute(conn)?;
            exactly_one(changed)?;
            if let Some(staff) = assigned_to {
                let assigned = diesel::update(tickets::table.find(id))
                    .set(tickets::assigned_to.eq(staff.map(UserId::get)))
                    .execute(conn)?;
                exactly_one(assigned)?;
            }
            Ok(Applied::to(id, written(conn, id, scope.notes)?))
        },
    )
}
