//! Tickets: creating, listing, reading and changing them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::{Error, Invalid};
use classdesk_domain::ids::{BundleId, TicketId};
use classdesk_domain::paging::{Keyset, List};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::text::{Description, SearchText, Title};
use classdesk_domain::tickets::{
    NewTicket, NewTicketOnSubject, Ticket, TicketCategory, TicketChange, TicketFilter,
    TicketPriority, TicketStatus,
};

use crate::Shell;
use crate::extract::{
    Caller, Fields, InPath, JsonBody, NamedSubject, QueryReader, expected_version, read,
    rights_first,
};
use crate::problem::Problem;
use crate::render::{page, versioned};
use crate::retry::Retry;
use crate::routing::Endpoint;
use crate::views::{HistoryLineView, TicketView};

/// Registers the endpoints.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/create_ticket/")
                .post(create_bundle_ticket)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/tickets/")
                .get(list_bundle_tickets)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/tickets/")
                .get(list_tickets)
                .post(create_ticket)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/tickets/{id}/")
                .get(get_ticket)
                .patch(change_ticket)
                .service(),
        )
        .service(
            Endpoint::at("/api/v1/tickets/{id}/history/")
                .get(list_history)
                .service(),
        );
}

async fn create_bundle_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let about = SubjectRef::bundle(bundle);
    let draft = body.draft(|fields| {
        let ticket = read_new_ticket(fields);
        let on_behalf_of = fields.optional("on_behalf_of", read::id);
        Some(NewTicketOnSubject {
            ticket: ticket?,
            on_behalf_of,
        })
    });
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| tickets.create_on(by, &about, draft).await,
            async |id| tickets.get(caller.actor(), TicketId::new(id)).await,
            |ticket| answer(&request, StatusCode::CREATED, ticket),
        )
        .await
}

async fn create_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let mut about = None;
    let draft = body.draft(|fields| {
        let named = NamedSubject::optional(fields);
        about = named.clone().flatten();
        let ticket = read_new_ticket(fields);
        named.and(ticket)
    });
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| match about {
                None => tickets.create(by, draft).await,
                Some(NamedSubject::Impossible) => Err(Error::NotFound),
                Some(NamedSubject::Subject(about)) => {
                    let draft = draft.map(NewTicketOnSubject::from);
                    tickets.create_on(by, &about, draft).await
                }
            },
            async |id| tickets.get(caller.actor(), TicketId::new(id)).await,
            |ticket| answer(&request, StatusCode::CREATED, ticket),
        )
        .await
}

fn read_new_ticket(fields: &mut Fields) -> Option<NewTicket> {
    let title = fields.required("title", read::text(Title::parse));
    let description = fields.required("description", read::text(Description::parse));
    let priority = fields.optional("priority", read::text(TicketPriority::parse));
    let category = fields.optional("category", read::text(TicketCategory::parse));
    Some(NewTicket {
        title: title?,
        description: description?,
        priority: priority.unwrap_or(TicketPriority::Medium),
        category: category.unwrap_or(TicketCategory::General),
    })
}

async fn list_bundle_tickets(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().bundles.see(caller.actor(), bundle).await?;
    let keyset = QueryReader::page_alone(&request, List::Tickets)?;
    let filter = TicketFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..TicketFilter::default()
    };
    answer_list(&request, &shell, &caller, filter, keyset).await
}

async fn list_tickets(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (filter, keyset) = read_list(&request)?;
    answer_list(&request, &shell, &caller, filter, keyset).await
}

fn read_list(request: &HttpRequest) -> Result<(TicketFilter, Keyset), Invalid> {
    let mut query = QueryReader::of(request);
    let filter = TicketFilter {
        status: query.optional("status", TicketStatus::parse),
        priority: query.optional("priority", TicketPriority::parse),
        category: query.optional("category", TicketCategory::parse),
        assigned_to: query.optional("assigned_to", read::id_parameter),
        created_by: query.optional("created_by", read::id_parameter),
        content_type: query.optional("content_type", SubjectKind::parse),
        object_id: query.optional("object_id", read::integer_parameter),
        q: query.optional("q", SearchText::parse),
    };
    let page = query.page(List::Tickets);
    query.finish()?;
    Ok((filter, page))
}

async fn answer_list(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    filter: TicketFilter,
    keyset: Keyset,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let found = tickets.list(caller.actor(), filter, keyset).await?;
    Ok(page(request, List::Tickets, found, TicketView::from))
}

async fn get_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let ticket = shell.desk().tickets.get(caller.actor(), id).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

async fn change_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let draft = body.draft(|fields| {
        Some(TicketChange {
            title: fields.optional("title", read::text(Title::parse)),
            status: fields.optional("status", read::text(TicketStatus::parse)),
            priority: fields.optional("priority", read::text(TicketPriority::parse)),
            category: fields.optional("category", read::text(TicketCategory::parse)),
            assigned_to: fields.nullable("assigned_to", read::id),
        })
    });
    let tickets = &shell.desk().tickets;
    let ticket = tickets.change(caller.actor(), id, draft, &expected).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

async fn list_history(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset = rights_first(
        QueryReader::page_alone(&request, List::TicketHistory),
        async || tickets.get(actor, id).await.map(drop),
    )
    .await?;
    let found = tickets.history(actor, id, keyset).await?;
    Ok(page(
        &request,
        List::TicketHistory,
        found,
        HistoryLineView::from,
    ))
}

fn answer(request: &HttpRequest, status: StatusCode, ticket: Ticket) -> HttpResponse {
    let version = ticket.version;
    versioned(request, status, version, &TicketView::from(ticket))
}
