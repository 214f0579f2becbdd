//! Authentication, before anything else of a request is looked at.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use classdesk_domain::error::Error as DomainError;
use classdesk_domain::people::Principal;
use classdesk_http::context;
use classdesk_http::problem::Problem;

use crate::acting::principal;
use crate::state::state_of;

/// Authenticates a request and hands the principal to the handler's
/// [`Call`](crate::call::Call).
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match admit(&request).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

async fn admit(request: &ServiceRequest) -> Result<Principal, Problem> {
    let principal = principal(state_of(request.request()), request.head()).await?;
    context::set_user(request.request(), principal.actor.id);
    if !request.method().is_safe() {
        principal.require_write().map_err(DomainError::from)?;
    }
    Ok(principal)
}
