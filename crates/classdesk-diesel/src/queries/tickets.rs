//! Tickets.

use async_trait::async_trait;
use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::policy::{AccessScope, NoteScope, TicketScope};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::{Description, Title};
use classdesk_domain::tickets::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob,
    TicketAttachment, TicketCategory, TicketMessage, TicketPriority, TicketQuery, TicketRepository,
    TicketStatus, TicketUpdate,
};
use diesel::prelude::*;

use super::commit::commit;
use super::dialect::ascii_lower;
use super::events::history;
use super::page::{before, cut, one_more};
use super::people::People;
use super::rows::schema::{subjects, tickets};
use super::rows::subjects::{parties, subject_ref};
use super::rows::tickets::{FullTicket, TicketInsert, TicketRow};
use super::rows::values::{At, containing, word};
use super::ticket_messages::{
    add_ticket_message, attach_to_ticket, attachments_of, messages_of, sees_internal,
    ticket_attachment, ticket_message,
};
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl TicketRepository for Database {
    async fn ticket(&self, id: TicketId, scope: AccessScope) -> Result<Option<Ticket>, StoreError> {
        self.snapshot(move |conn| ticket(conn, id, &scope)).await
    }

    async fn list_tickets(
        &self,
        query: TicketQuery,
        page: PageRequest,
    ) -> Result<Page<Ticket>, StoreError> {
        self.snapshot(move |conn| list_tickets(conn, &query, page))
            .await
    }

    async fn create_ticket(&self, commit: Commit<InsertTicket>) -> Result<Ticket, StoreError> {
        self.write(move |conn| create_ticket(conn, commit)).await
    }

    async fn update_ticket(&self, commit: Commit<TicketUpdate>) -> Result<Ticket, StoreError> {
        self.write(move |conn| update_ticket(conn, commit)).await
    }

    async fn add_ticket_message(
        &self,
        commit: Commit<InsertTicketMessage>,
    ) -> Result<TicketMessageId, StoreError> {
        self.write(move |conn| add_ticket_message(conn, commit))
            .await
    }

    async fn list_ticket_messages(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketMessage>)>, StoreError> {
        self.snapshot(move |conn| {
            with_ticket(conn, id, &scope, |conn| messages_of(conn, id, &scope, page))
        })
        .await
    }

    async fn ticket_message(
        &self,
        id: TicketMessageId,
    ) -> Result<Option<TicketMessage>, StoreError> {
        self.read(move |conn| ticket_message(conn, id)).await
    }

    async fn attach_to_ticket(
        &self,
        commit: Commit<InsertTicketAttachment>,
    ) -> Result<TicketAttachment, StoreError> {
        self.write(move |conn| attach_to_ticket(conn, commit)).await
    }

    async fn list_ticket_attachments(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketAttachment>)>, StoreError> {
        self.snapshot(move |conn| {
            with_ticket(conn, id, &scope, |conn| {
                attachments_of(conn, id, &scope, page)
            })
        })
        .await
    }

    async fn ticket_attachment(
        &self,
        ticket: TicketId,
        attachment: TicketAttachmentId,
        scope: AccessScope,
    ) -> Result<Option<TicketAttachedBlob>, StoreError> {
        self.snapshot(move |conn| {
            let load = |conn: &mut Conn| ticket_attachment(conn, ticket, attachment);
            let found = with_ticket(conn, ticket, &scope, load)?;
            Ok(found.and_then(|(ticket, found)| {
                let (attachment, blob) = found?;
                Some(TicketAttachedBlob {
                    ticket,
                    attachment,
                    blob,
                })
            }))
        })
        .await
    }

    async fn ticket_history(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<HistoryLine>)>, StoreError> {
        self.snapshot(move |conn| {
            with_ticket(conn, id, &scope, |conn| {
                history(conn, id, sees_internal(&scope), page)
            })
        })
        .await
    }
}

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
    rows: Vec<FullTicket>,
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

fn ticket(conn: &mut Conn, id: TicketId, scope: &AccessScope) -> Result<Option<Ticket>, Failure> {
    let row: Option<FullTicket> = full!()
        .filter(tickets::id.eq(id.get()))
        .first(conn)
        .optional()?;
    let rows = row.into_iter().collect();
    Ok(into_domain(conn, rows, scope.notes)?.pop())
}

/// A ticket together with something that is on it.
fn with_ticket<T>(
    conn: &mut Conn,
    id: TicketId,
    scope: &AccessScope,
    load: impl FnOnce(&mut Conn) -> Result<T, Failure>,
) -> Result<Option<(Ticket, T)>, Failure> {
    let Some(ticket) = ticket(conn, id, scope)? else {
        return Ok(None);
    };
    Ok(Some((ticket, load(conn)?)))
}

fn list_tickets(
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
    let rows: Vec<FullTicket> = rows.load(conn)?;
    let rows = cut(rows, page, |row| row.0.id).0;
    Ok(Page {
        next: rows.next,
        items: into_domain(conn, rows.items, scope.notes)?,
    })
}

fn create_ticket(conn: &mut Conn, c: Commit<InsertTicket>) -> Result<Ticket, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
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
            Ok(Outcome::to(id, written(conn, id, NoteScope::All)?))
        },
    )
}

/// A ticket that a commit has written, as its viewer sees it.
fn written(conn: &mut Conn, id: i64, notes: NoteScope) -> Result<Ticket, Failure> {
    let row: FullTicket = full!().filter(tickets::id.eq(id)).first(conn)?;
    into_domain(conn, vec![row], notes)?
        .pop()
        .ok_or(Failure::STALE)
}

fn update_ticket(conn: &mut Conn, c: Commit<TicketUpdate>) -> Result<Ticket, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
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
            Ok(Outcome::to(id, written(conn, id, scope.notes)?))
        },
    )
}
