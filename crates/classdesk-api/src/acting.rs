//! Who sends a request, and for whom they act (docs/contract.md#acting-for-somebody).

use actix_web::dev::RequestHead;
use actix_web::http::header::HeaderMap;
use classdesk_domain::api_keys::Whom;
use classdesk_domain::error::Error;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::Principal;
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::single_header;

use crate::extract::{PathIds as _, external_id};
use crate::state::AppState;

/// The header that names for whom a program acts.
pub(crate) const ACT_AS: &str = "Classdesk-Act-As";

/// The sender of a request, with the rights of whom they act for.
pub(crate) async fn principal(state: &AppState, head: &RequestHead) -> Result<Principal, Problem> {
    let principal = state.authenticator.authenticate(head).await?;
    if !head.headers().contains_key(ACT_AS) {
        return Ok(principal);
    }
    // Without the right to act for others, nothing more is told.
    principal.acting_key().map_err(Error::from)?;
    let whom = whom(head.headers()).ok_or_else(|| {
        let detail = "`Classdesk-Act-As` has to be the id of a person, or `ext:` and their id in \
            another system, percent-encoded.";
        Problem::new(ProblemKind::InvalidHeader, detail)
    })?;
    Ok(state.app.api_keys.act_for(principal, &whom).await?)
}

/// The same again for an answer that goes on. A right to act for somebody that is gone ends it as a
/// dead token does.
pub(crate) async fn principal_now(
    state: &AppState,
    head: &RequestHead,
) -> Result<Principal, Error> {
    let principal = state.authenticator.reauthenticate(head).await?;
    if !head.headers().contains_key(ACT_AS) {
        return Ok(principal);
    }
    let whom = whom(head.headers()).ok_or(Error::Unauthenticated)?;
    match state.app.api_keys.act_for(principal, &whom).await {
        Err(Error::Forbidden(_) | Error::NotFound) => Err(Error::Unauthenticated),
        found => found,
    }
}

/// Whom the one header names.
fn whom(headers: &HeaderMap) -> Option<Whom> {
    let text = single_header(headers, ACT_AS)?.trim();
    match UserId::read(&[text]) {
        Some(id) => Some(Whom::Id(id)),
        None => external_id(text).map(Whom::ExternalId),
    }
}
