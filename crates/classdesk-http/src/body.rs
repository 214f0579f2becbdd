//! Waiting for a body without keeping others waiting.

use actix_web::HttpRequest;

use crate::client_address::client_address;
use crate::context::info;
use crate::limits::end_work;
use crate::problem::Problem;
use crate::state::http_state;

/// Awaits a body. Meanwhile the request counts among the arriving bodies, and not among the
/// requests that are worked on.
///
/// # Errors
/// 503 when as many bodies arrive as may, or when there is no permit for the rest of the request,
/// and the failure of the body itself.
pub async fn while_body_arrives<T>(
    request: &HttpRequest,
    body: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let state = http_state(request);
    let user = info(request).and_then(|info| info.user);
    let arriving = state.limits.begin_body(client_address(request), user);
    let arriving = arriving.map_err(Problem::shed)?;
    end_work(request);
    let body = body.await?;
    drop(arriving);
    let working = state.limits.begin_work(request).await;
    working.map_err(Problem::shed)?;
    Ok(body)
}
