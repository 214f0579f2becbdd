//! Tickets: creating, listing, reading and changing them.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::error::Error;
use classdesk_domain::ids::{BundleId, TicketId};
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::tickets::{NewTicketOnSubject, Ticket, TicketFilter};
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{
    Caller, InPath, JsonBody, authorize_before_validation, expected_version, list_params,
    page_params,
};
use crate::problem::Problem;
use crate::render::{page, versioned};
use crate::retry::Retry;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{
    BundleTicketBody, HistoryLineView, PageParams, RetryHeader, SubjectInput, TicketBody,
    TicketChangeBody, TicketParams, TicketView, VersionHeader,
};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(
    create_bundle_ticket,
    create_ticket,
    list_bundle_tickets,
    list_tickets,
    get_ticket,
    change_ticket,
    list_history
))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/create_ticket/")
                .post(create_bundle_ticket),
        )
        .add(
            Endpoint::at("/api/v1/class-management/class-bundles/{id}/tickets/")
                .get(list_bundle_tickets),
        )
        .add(
            Endpoint::at("/api/v1/tickets/")
                .get(list_tickets)
                .post(create_ticket),
        )
        .add(
            Endpoint::at("/api/v1/tickets/{id}/")
                .get(get_ticket)
                .patch(change_ticket),
        )
        .add(Endpoint::at("/api/v1/tickets/{id}/history/").get(list_history));
}

/// Create a ticket on a bundle
///
/// For the bundle's client and staff, who can create it for the client.
#[utoipa::path(
    post, path = "/api/v1/class-management/class-bundles/{id}/create_ticket/", tag = "tickets",
    operation_id = "create_bundle_ticket", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1),
        RetryHeader,
    ),
    request_body = BundleTicketBody,
    responses((
        status = 201, description = "Created", body = TicketView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),
                ("ETag" = String, description = "The version, and a digest of this answer."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "idempotency-running", "idempotency-mismatch"]))),
)]
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
    let draft = body.validated::<BundleTicketBody>();
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

/// Create a ticket
///
/// On nothing in particular, for clients and staff; or on the subject that the body names.
#[utoipa::path(
    post, path = "/api/v1/tickets/", tag = "tickets",
    operation_id = "create_ticket", security(("bearer" = [])),
    params(
        RetryHeader,
    ),
    request_body = TicketBody,
    responses((
        status = 201, description = "Created", body = TicketView,
        headers(("Idempotency-Replayed" = String, description = "`true` when an earlier request had created it."),
                ("ETag" = String, description = "The version, and a digest of this answer."),),
    )),
    extensions(("x-problems" = json!(["forbidden", "not-found", "idempotency-running", "idempotency-mismatch"]))),
)]
async fn create_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    retry: Retry,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let (subject, draft) = body.on_subject::<TicketBody>();
    retry
        .once(
            &caller,
            body.bytes(),
            async |by| match subject.flatten() {
                None => tickets.create(by, draft).await,
                Some(SubjectInput::Impossible) => Err(Error::NotFound),
                Some(SubjectInput::Subject(about)) => {
                    let draft = draft.map(NewTicketOnSubject::from);
                    tickets.create_on(by, &about, draft).await
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
    operation_id = "list_bundle_tickets", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The bundle", minimum = 1), PageParams),
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_bundle_tickets(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(bundle): InPath<BundleId>,
) -> Result<HttpResponse, Problem> {
    shell.desk().bundles.see(caller.actor(), bundle).await?;
    let keyset = page_params(&request, ListKind::Tickets)?;
    let filter = TicketFilter {
        content_type: Some(SubjectKind::CLASS_BUNDLE),
        object_id: Some(bundle.get()),
        ..TicketFilter::default()
    };
    answer_list(&request, &shell, &caller, filter, keyset).await
}

/// List tickets
///
/// The ones that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/", tag = "tickets",
    operation_id = "list_tickets", security(("bearer" = [])),
    params(TicketParams, PageParams),
    responses((status = 200, description = "A page of tickets", body = Vec<TicketView>)),
)]
async fn list_tickets(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (filter, keyset) = list_params::<TicketParams>(&request, ListKind::Tickets)?;
    answer_list(&request, &shell, &caller, filter, keyset).await
}

async fn answer_list(
    request: &HttpRequest,
    shell: &Shell,
    caller: &Caller,
    filter: TicketFilter,
    keyset: PageRequest,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let found = tickets.list(caller.actor(), filter, keyset).await?;
    Ok(page(request, ListKind::Tickets, found, TicketView::from))
}

/// Read a ticket
///
/// For its requester and staff.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/", tag = "tickets",
    operation_id = "read_ticket", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The ticket", minimum = 1),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that are known."),
    ),
    responses(
        (status = 200, description = "The ticket", body = TicketView,
            headers(("ETag" = String, description = "The version, and a digest of this answer."))),
        (status = 304, description = "It still is what `If-None-Match` names"),
    ),
)]
async fn get_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let ticket = shell.desk().tickets.get(caller.actor(), id).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

/// Change a ticket
///
/// Its requester retitles, closes and reopens it; staff do everything.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}/", tag = "tickets",
    operation_id = "change_ticket", security(("bearer" = [])),
    params(
        ("id" = i64, Path, description = "The ticket", minimum = 1),
        VersionHeader,
    ),
    request_body = TicketChangeBody,
    responses((
        status = 200, description = "The ticket as it is now", body = TicketView,
        headers(("ETag" = String, description = "The version, and a digest of this answer.")),
    )),
    extensions(("x-problems" = json!(["forbidden", "ticket-transition", "precondition-failed"]))),
)]
async fn change_ticket(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
    body: JsonBody,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let draft = body.validated::<TicketChangeBody>();
    let tickets = &shell.desk().tickets;
    let ticket = tickets.change(caller.actor(), id, draft, &expected).await?;
    Ok(answer(&request, StatusCode::OK, ticket))
}

/// List the history of a ticket
///
/// What the caller may see of it, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/history/", tag = "tickets",
    operation_id = "list_ticket_history", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket", minimum = 1), PageParams),
    responses((status = 200, description = "A page of the history", body = Vec<HistoryLineView>)),
)]
async fn list_history(
    request: HttpRequest,
    shell: Data<Shell>,
    caller: Caller,
    InPath(id): InPath<TicketId>,
) -> Result<HttpResponse, Problem> {
    let tickets = &shell.desk().tickets;
    let actor = caller.actor();
    let keyset =
        authorize_before_validation(page_params(&request, ListKind::TicketHistory), async || {
            tickets.get(actor, id).await.map(drop)
        })
        .await?;
    let found = tickets.history(actor, id, keyset).await?;
    Ok(page(
        &request,
        ListKind::TicketHistory,
        found,
        HistoryLineView::from,
    ))
}

fn answer(request: &HttpRequest, status: StatusCode, ticket: Ticket) -> HttpResponse {
    let version = ticket.version;
    versioned(request, status, version, &TicketView::from(ticket))
}
