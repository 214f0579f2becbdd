//! Tickets: creating, listing, reading and changing them.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::Error;
use classdesk_domain::ids::{BundleId, TicketId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::tickets::{NewTicketOnSubject, Ticket, TicketFilter};
use classdesk_http::problem::Problem;

use crate::dto::{
    BundleTicketBody, HistoryLineView, IdempotencyHeader, PageParams, SubjectInput, TicketBody,
    TicketChangeBody, TicketParams, TicketView, VersionHeader,
};
use crate::extract::{
    Caller, JsonBody, Path, authorize_before_validation, expected_version, list_params, page_params,
};
use crate::idempotency::IdempotentRequest;
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

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
    params(("id" = i64, Path, description = "The bundle", minimum = 1), IdempotencyHeader),
    request_body = BundleTicketBody,
    responses((
        status = 201, description = "Created", body = TicketView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn create_bundle_ticket(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let about = SubjectRef::bundle(bundle);
    let input = body.validated::<BundleTicketBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| tickets.create_on(by, &about, input).await,
            async |id| tickets.get(caller.actor(), TicketId::new(id)).await,
            |ticket| answer(&request, StatusCode::CREATED, ticket),
        )
        .await
}

/// Create a ticket
///
/// On nothing in particular, for clients and staff; or on the subject that the body names.
#[utoipa::path(
    post, path = "/api/v1/tickets/", tag = "tickets",
    params(IdempotencyHeader),
    request_body = TicketBody,
    responses((
        status = 201, description = "Created", body = TicketView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden", "not-found"]))),
)]
async fn create_ticket(
    caller: Caller,
    idempotent: IdempotentRequest,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let (subject, input) = body.on_subject::<TicketBody>();
    idempotent
        .once(
            &caller,
            body.bytes(),
            async |by| match subject.flatten() {
                None => tickets.create(by, input).await,
                Some(SubjectInput::Impossible) => Err(Error::NotFound),
                Some(SubjectInput::Subject(about)) => {
                    let input = input.map(NewTicketOnSubject::from);
                    tickets.create_on(by, &about, input).await
                }
            },
            async |id| tickets.get(caller.actor(), TicketId::new(id)).await,
            |ticket| answer(&request, StatusCode::CREATED, ticket),
        )
        .await
}

/// List the tickets on a bundle
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/class-management/class-bundles/{id}/tickets/", tag = "tickets",
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_bundle_tickets(
    caller: Caller,
    Path(bundle): Path<BundleId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    state
        .app
        .bundles
        .authorize_see(caller.actor(), bundle)
        .await?;
    let page = page_params(&request, ListKind::Tickets)?;
    let filter = TicketFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..TicketFilter::default()
    };
    answer_list(&request, &state, &caller, filter, page).await
}

/// List tickets
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/", tag = "tickets",
    params(TicketParams, PageParams),
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_tickets(
    caller: Caller,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (filter, page) = list_params::<TicketParams>(&request, ListKind::Tickets)?;
    answer_list(&request, &state, &caller, filter, page).await
}

async fn answer_list(
    request: &HttpRequest,
    state: &AppState,
    caller: &Caller,
    filter: TicketFilter,
    page: PageRequest,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let found = tickets.list(caller.actor(), filter, page).await?;
    Ok(render::page(
        request,
        ListKind::Tickets,
        found,
        TicketView::from,
    ))
}

/// Read a ticket
///
/// For its requester and staff.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/", tag = "tickets",
    params(
        ("id" = i64, Path, description = "The ticket", minimum = 1),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that are known."),
    ),
    responses(
        (
            status = 200, description = "The ticket", body = TicketView,
            headers(("ETag" = String, description = "The version, and a digest of this answer.")),
        ),
        (status = 304, description = "It still is what `If-None-Match` names"),
    ),
)]
async fn read_ticket(
    caller: Caller,
    Path(id): Path<TicketId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = state.app.tickets.get(caller.actor(), id).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

/// Change a ticket
///
/// Its requester retitles, closes and reopens it; staff do everything.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}/", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket", minimum = 1), VersionHeader),
    request_body = TicketChangeBody,
    responses((
        status = 200, description = "The ticket as it is now", body = TicketView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden", "ticket-transition"]))),
)]
async fn change_ticket(
    caller: Caller,
    Path(id): Path<TicketId>,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let input = body.validated::<TicketChangeBody>();
    let tickets = &state.app.tickets;
    let ticket = tickets.change(caller.actor(), id, input, &expected).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

/// List the history of a ticket
///
/// What the caller may see of it, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/history/", tag = "tickets",
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of the history", body = Vec<HistoryLineView>)),
)]
async fn list_ticket_history(
    caller: Caller,
    Path(id): Path<TicketId>,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let tickets = &state.app.tickets;
    let actor = caller.actor();
    let page =
        authorize_before_validation(page_params(&request, ListKind::TicketHistory), async || {
            tickets.get(actor, id).await.map(drop)
        })
        .await?;
    let found = tickets.history(actor, id, page).await?;
    Ok(render::page(
        &request,
        ListKind::TicketHistory,
        found,
        HistoryLineView::from,
    ))
}

fn answer(request: &HttpRequest, status: StatusCode, ticket: Ticket) -> HttpResponse {
    let version = ticket.version;
    render::with_version_etag(request, status, version, &TicketView::from(ticket))
}
