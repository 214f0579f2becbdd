//! The audit log: `audit/`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::paging::ListKind;
use classdesk_http::problem::Problem;

use crate::dto::{AuditEntryView, AuditParams, PageParams};
use crate::extract::{Caller, list_params};
use crate::render;
use crate::routing::{Endpoints, endpoints};
use crate::state::AppState;

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![list_audit,];

/// Read the audit log
///
/// Every change that was made, newest first. For superadmins.
#[utoipa::path(
    get, path = "/api/v1/audit/", tag = "audit",
    params(AuditParams, PageParams),
    responses((status = 200, description = "A page of changes", body = Vec<AuditEntryView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_audit(
    caller: Caller,
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let audit = &state.app.audit;
    audit.authorize_list(caller.actor())?;
    let (filter, page) = list_params::<AuditParams>(&request, ListKind::Audit)?;
    let found = audit.list(caller.actor(), filter, page).await?;
    Ok(render::page(
        &request,
        ListKind::Audit,
        found,
        AuditEntryView::from,
    ))
}
