//! Waiting for a body without keeping others waiting.

use actix_web::{HttpMessage as _, HttpRequest};

use crate::limits::{Limits, Senders};
use crate::middleware::RequestInfo;
use crate::problem::Problem;
use crate::shell::shell_of;

use super::client_address;

/// Awaits a body. Meanwhile the request counts among the arriving bodies, and not among the
/// requests that are worked on.
///
/// # Errors
/// 503 when as many bodies arrive as may, or when there is no permit for the rest of the request,
/// and the failure of the body itself.
pub(crate) async fn while_body_arrives<T>(
    request: &HttpRequest,
    body: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let shell = shell_of(request);
    let info = request
        .extensions()
        .get::<RequestInfo>()
        .map(|info| info.user);
    let senders = Senders::new(client_address(request, shell), info.flatten());
    let arriving = shell.limits().begin_body(senders);
    let arriving = arriving.map_err(|reason| shell.shed(reason))?;
    Limits::end_work(request);
    let body = body.await?;
    drop(arriving);
    let working = shell.limits().begin_work(request).await;
    working.map_err(|reason| shell.shed(reason))?;
    Ok(body)
}
