//! Tickets: creating, listing, reading and changing them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use classdesk_domain::error::Error;
use classdesk_domain::ids::{BundleId, TicketId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::tickets::{NewTicketOnSubject, Ticket, TicketFilter};

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{
    BundleTicketBody, HistoryLineView, OptionalSubjectFields, SeekParams, SubjectInput, TicketBody,
    TicketChangeBody, TicketFields, TicketParams, TicketView,
};
use crate::extract::{JsonBody, Path};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    create_bundle_ticket,
    create_ticket,
    list_bundle_tickets,
    list_tickets,
    read_ticket,
    change_ticket,
    list_ticket_history,
];

/// Create a ticket on a bundle
///
/// For the bundle's client and staff, who can create it for the client.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/create_ticket/", tag = "tickets",
    request_body = BundleTicketBody,
    responses((status = 201, description = "Created", body = TicketView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn create_bundle_ticket(call: Call, Path(bundle): Path<BundleId>, body: JsonBody) -> Answer {
    let tickets = &call.app().tickets;
    let about = SubjectRef::bundle(bundle);
    let input = body.validated::<BundleTicketBody>();
    once(
        &call,
        &body,
        async |by| tickets.create_on(by, &about, input).await,
        async |id| tickets.get(call.actor(), TicketId::new(id)).await,
        |ticket| answer(StatusCode::CREATED, ticket),
    )
    .await
}

/// Create a ticket
///
/// On nothing in particular, for clients and staff; or on the subject that the body names.
#[utoipa::path(
    post, path = "/api/v1/tickets/", tag = "tickets",
    request_body = TicketBody,
    responses((status = 201, description = "Created", body = TicketView)),
    extensions(("x-problems" = json!(["forbidden", "not-found"]))),
)]
async fn create_ticket(call: Call, body: JsonBody) -> Answer {
    let tickets = &call.app().tickets;
    let (subject, input) = body.on_subject::<OptionalSubjectFields, TicketFields>();
    once(
        &call,
        &body,
        async |by| match subject.flatten() {
            None => tickets.create(by, input).await,
            Some(SubjectInput::Impossible) => Err(Error::NotFound),
            Some(SubjectInput::Subject(about)) => {
                let input = input.map(NewTicketOnSubject::from);
                tickets.create_on(by, &about, input).await
            }
        },
        async |id| tickets.get(call.actor(), TicketId::new(id)).await,
        |ticket| answer(StatusCode::CREATED, ticket),
    )
    .await
}

/// List the tickets on a bundle
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/tickets/", tag = "tickets",
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_bundle_tickets(call: Call, Path(bundle): Path<BundleId>) -> Answer {
    let bundles = &call.app().bundles;
    bundles.authorize_see(call.actor(), bundle).await?;
    let page = call.page_params(ListKind::Tickets)?;
    let filter = TicketFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..TicketFilter::default()
    };
    answer_list(&call, filter, page).await
}

/// List tickets
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/", tag = "tickets",
    params(TicketParams),
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_tickets(call: Call) -> Answer {
    let (filter, page) = call.list_params::<TicketParams>(ListKind::Tickets)?;
    answer_list(&call, filter, page).await
}

async fn answer_list(call: &Call, filter: TicketFilter, page: PageRequest) -> Answer {
    let tickets = &call.app().tickets;
    let found = tickets.list(call.actor(), filter, page).await?;
    call.page(ListKind::Tickets, found, TicketView::from)
}

/// Read a ticket
///
/// For its requester and staff.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/", tag = "tickets",
    responses((status = 200, description = "The ticket", body = TicketView)),
)]
async fn read_ticket(call: Call, Path(id): Path<TicketId>) -> Answer {
    let view = TicketView::from(call.app().tickets.get(call.actor(), id).await?);
    render::versioned(call.request(), view.version, &view)
}

/// Change a ticket
///
/// Its requester retitles, closes and reopens it; staff do everything.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}/", tag = "tickets",
    request_body = TicketChangeBody,
    responses((status = 200, description = "The ticket as it is now", body = TicketView)),
    extensions(("x-problems" = json!(["forbidden", "ticket-transition"]))),
)]
async fn change_ticket(call: Call, Path(id): Path<TicketId>, body: JsonBody) -> Answer {
    let input = body.validated::<TicketChangeBody>();
    let tickets = &call.app().tickets;
    let ticket = tickets.change(call.by(), id, input).await?;
    Ok(answer(StatusCode::OK, ticket))
}

/// List the history of a ticket
///
/// What the caller may see of it, oldest first on every page.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/history/", tag = "tickets",
    params(SeekParams),
    responses((status = 200, description = "A page of the history", body = Vec<HistoryLineView>)),
)]
async fn list_ticket_history(call: Call, Path(id): Path<TicketId>) -> Answer {
    let tickets = &call.app().tickets;
    let actor = call.actor();
    let page = call.seek_params(ListKind::TicketHistory);
    let page = authorize_before_validation(page, tickets.get(actor, id)).await?;
    let found = tickets.history(actor, id, page).await?;
    call.page(ListKind::TicketHistory, found, HistoryLineView::from)
}

/// A ticket that was created or changed.
fn answer(status: StatusCode, ticket: Ticket) -> HttpResponse {
    let view = TicketView::from(ticket);
    render::written(status, view.version, &view)
}
