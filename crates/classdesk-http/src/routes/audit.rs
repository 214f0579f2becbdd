//! The audit log: `audit/`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::paging::ListKind;
use utoipa::OpenApi;

use crate::Shell;
use crate::extract::{Caller, list_params};
use crate::problem::Problem;
use crate::render;
use crate::routing::{Endpoint, Endpoints};
use crate::wire::{AuditEntryView, AuditParams, PageParams};

/// The operations of this module.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(super) struct Operations;

/// Registers the endpoints.
pub(super) fn configure(endpoints: &mut Endpoints) {
    endpoints.add(Endpoint::at("/api/v1/audit/").get(list));
}

/// Read the audit log
///
/// Every change that was made, newest first. For superadmins.
#[utoipa::path(
    get, path = "/api/v1/audit/", tag = "audit", operation_id = "list_audit",
    security(("bearer" = [])), params(AuditParams, PageParams),
    responses((status = 200, description = "A page of changes", body = Vec<AuditEntryView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list(
    caller: Caller,
    request: HttpRequest,
    shell: Data<Shell>,
) -> Result<HttpResponse, Problem> {
    let audit = &shell.desk().audit;
    audit.may_read(caller.actor())?;
    let (filter, page) = list_params::<AuditParams>(&request, ListKind::Audit)?;
    let found = audit.list(caller.actor(), filter, page).await?;
    Ok(render::page(
        &request,
        ListKind::Audit,
        found,
        AuditEntryView::from,
    ))
}
