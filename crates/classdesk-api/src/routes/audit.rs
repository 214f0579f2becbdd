//! The audit log: `audit/`.

use classdesk_domain::paging::ListKind;

use crate::call::{Answer, Call};
use crate::dto::{AuditEntryView, AuditParams};
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![list_audit];

/// Read the audit log
///
/// Every change that was made, newest first. For superadmins.
#[utoipa::path(
    get, path = "/api/v1/audit/", tag = "audit",
    params(AuditParams),
    responses((status = 200, description = "A page of changes", body = Vec<AuditEntryView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_audit(call: Call) -> Answer {
    let audit = &call.app().audit;
    audit.authorize_list(call.actor())?;
    let (filter, page) = call.list_params::<AuditParams>(ListKind::Audit)?;
    let found = audit.list(call.actor(), filter, page).await?;
    call.page(ListKind::Audit, found, AuditEntryView::from)
}
