//! Tickets.

use classdesk_domain::events::HistoryLine;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest, SeekRequest};
use classdesk_domain::policy::{AccessScope, NoteScope, TicketScope};
use classdesk_domain::search::Terms;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::tickets::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob,
    TicketAttachment, TicketAttachmentDeletion, TicketCategory, TicketMessage,
    TicketMessageDeletion, TicketPriority, TicketQuery, TicketRepository, TicketStatus,
    TicketUpdate,
};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::Conn;
use super::events::ticket_history;
use super::filter::only;
use super::page::{before, one_more};
use super::port::port;
use super::rows::schema::{subjects, ticket_terms, tickets};
use super::rows::tickets::TicketRow;
use super::rows::values::At;
use super::search::{found, put};
use super::ticket::{into_domain, ticket};
use super::ticket_messages::{
    add_ticket_message, attach_to_ticket, delete_ticket_attachment, delete_ticket_message,
    list_ticket_attachments, list_ticket_messages, ticket_attachment, ticket_message,
};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl TicketRepository {
        snapshot ticket(id: TicketId, scope: AccessScope) -> Option<Ticket>;
        snapshot list_tickets(query: TicketQuery, page: PageRequest) -> Page<Ticket>;
        snapshot list_ticket_messages(id: TicketId, scope: AccessScope, page: SeekRequest)
            -> Option<(Ticket, Page<TicketMessage>)>;
        read ticket_message(id: TicketMessageId) -> Option<TicketMessage>;
        snapshot list_ticket_attachments(id: TicketId, scope: AccessScope, page: PageRequest)
            -> Option<(Ticket, Page<TicketAttachment>)>;
        snapshot ticket_attachment(id: TicketId, attachment: TicketAttachmentId, scope: AccessScope)
            -> Option<TicketAttachedBlob>;
        snapshot ticket_history(id: TicketId, scope: AccessScope, page: SeekRequest)
            -> Option<(Ticket, Page<HistoryLine>)>;
    }
    commits {
        create_ticket(InsertTicket) -> Ticket;
        update_ticket(TicketUpdate) -> Ticket;
        add_ticket_message(InsertTicketMessage) -> TicketMessageId;
        attach_to_ticket(InsertTicketAttachment) -> TicketAttachment;
        delete_ticket_message(TicketMessageDeletion) -> ();
        delete_ticket_attachment(TicketAttachmentDeletion) -> ();
    }
}

fn list_tickets(
    conn: &mut Conn,
    TicketQuery { scope, filter }: TicketQuery,
    page: PageRequest,
) -> Result<Page<Ticket>, Failure> {
    let mut rows = TicketRow::query()
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
    only!(rows,
        tickets::status => filter.status.map(TicketStatus::as_str),
        tickets::priority => filter.priority.map(TicketPriority::as_str),
        tickets::category => filter.category.map(TicketCategory::as_str),
        tickets::assigned_to => filter.assigned_to.map(UserId::get),
        tickets::created_by => filter.created_by.map(UserId::get),
        tickets::content_type => filter.content_type.as_ref().map(SubjectKind::as_str),
        tickets::object_id => filter.object_id,
    );
    if let Some(q) = filter.q {
        rows = rows.filter(tickets::id.eq_any(found!(ticket_terms, q)));
    }
    let rows = rows.load(conn)?;
    let cursor = |row: &TicketRow| Cursor::of_id(row.id);
    let page = Page::cut(rows, page.limit, cursor);
    page.try_map_all(|rows| into_domain(conn, rows, scope.notes))
}

fn create_ticket(conn: &mut Conn, new: &InsertTicket) -> Result<Outcome<Ticket>, Failure> {
    let at = At::from(new.created_at);
    let about = new.about.as_ref();
    let id = diesel::insert_into(tickets::table)
        .values((
            tickets::title.eq(new.ticket.title.as_str()),
            tickets::description.eq(new.description.as_str()),
            tickets::priority.eq(new.ticket.priority.as_str()),
            tickets::category.eq(new.ticket.category.as_str()),
            tickets::status.eq(TicketStatus::Open.as_str()),
            tickets::is_escalated.eq(false),
            tickets::content_type.eq(about.map(|about| about.content_type.as_str())),
            tickets::object_id.eq(about.map(|about| about.object_id)),
            tickets::created_by.eq(new.created_by.get()),
            tickets::requester_id.eq(new.requester.get()),
            tickets::created_at.eq(at),
            tickets::updated_at.eq(at),
            tickets::version.eq(1),
        ))
        .returning(tickets::id)
        .get_result(conn)?;
    let words = Terms::of_ticket(id, new.ticket.title.as_str(), new.description.as_str());
    put!(conn, ticket_terms, id, words)?;
    written(conn, id, NoteScope::All)
}

/// A ticket that a commit has written, as its viewer sees it.
fn written(conn: &mut Conn, id: i64, notes: NoteScope) -> Result<Outcome<Ticket>, Failure> {
    let row = TicketRow::query().filter(tickets::id.eq(id)).first(conn)?;
    let ticket = into_domain(conn, vec![row], notes)?.pop();
    Ok(Outcome::to(id, ticket.ok_or(Failure::STALE)?))
}

fn update_ticket(conn: &mut Conn, update: &TicketUpdate) -> Result<Outcome<Ticket>, Failure> {
    let ticket = &update.ticket;
    let id = ticket.id.get();
    let assigned_to = update.assigned_to.map(|staff| staff.map(UserId::get));
    let (title, description) = (ticket.title.as_str(), ticket.description.as_str());
    let same_words = tickets::table.find(id).filter(tickets::title.eq(title));
    let same_words: bool = diesel::select(exists(same_words)).get_result(conn)?;
    let changed = diesel::update(tickets::table.find(id))
        .set((
            tickets::title.eq(title),
            tickets::status.eq(ticket.status.as_str()),
            tickets::is_escalated.eq(ticket.is_escalated),
            tickets::resolved_at.eq(ticket.resolved_at.map(At::from)),
            tickets::priority.eq(ticket.priority.as_str()),
            tickets::category.eq(ticket.category.as_str()),
            tickets::updated_at.eq(At::from(update.at)),
            tickets::version.eq(tickets::version + 1),
            assigned_to.map(|staff| tickets::assigned_to.eq(staff)),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    if !same_words {
        put!(
            conn,
            ticket_terms,
            id,
            Terms::of_ticket(id, title, description)
        )?;
    }
    written(conn, id, update.scope.notes)
}
