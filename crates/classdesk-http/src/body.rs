//! Waiting for a body without keeping others waiting.

use std::pin::pin;

use actix_web::HttpRequest;
use futures_util::future::{Either, select};

use crate::limits::{ShedReason, end_work};
use crate::problem::Problem;
use crate::state::http_state;

/// Awaits a body. Meanwhile the request counts among the arriving bodies, and not among the
/// requests that are worked on.
///
/// # Errors
/// 503 when too many bodies arrive and this one has for longest, or when there is no permit for the
/// rest of the request, and the failure of the body itself.
pub async fn while_body_arrives<T>(
    request: &HttpRequest,
    body: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let state = http_state(request);
    let mut arriving = state.limits.begin_body(request);
    end_work(request);
    let body = match select(pin!(body), pin!(arriving.end())).await {
        Either::Left((body, _)) => body?,
        Either::Right(_) => return Err(Problem::shed(ShedReason::ArrivingBodies)),
    };
    drop(arriving);
    let working = state.limits.begin_work(request).await;
    working.map_err(Problem::shed)?;
    Ok(body)
}
