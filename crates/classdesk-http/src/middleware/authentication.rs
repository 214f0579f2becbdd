//! Letting people in, before anything else of a request is looked at.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::problem::Problem;
use crate::shell::shell_of;

use super::RequestInfo;

/// Finds out who asks and hands them to the handler's [`Caller`](crate::extract::Caller).
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let authenticator = shell_of(request.request()).authenticator();
    match authenticator.authenticate(request.headers()).await {
        Ok(principal) => {
            if let Some(context) = request.extensions_mut().get_mut::<RequestInfo>() {
                context.user = Some(principal.actor.id);
            }
            request.extensions_mut().insert(principal);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => Ok(request
            .error_response(Problem::from(error))
            .map_into_right_body()),
    }
}
