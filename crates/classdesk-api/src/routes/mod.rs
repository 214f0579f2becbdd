//! The endpoints, one module for each noun of the contract.
//!
//! A handler extracts, calls one service and renders. What may be done by whom is not decided
//! here.

mod api_keys;
mod audit;
mod auth;
mod bundles;
mod documentation;
mod events;
mod files;
mod links;
mod messages;
mod operations;
mod subjects;
mod threads;
mod ticket_notes;
mod tickets;
mod upload;
mod users;
mod webhooks;

use std::sync::LazyLock;

use actix_web::web::ServiceConfig;
use utoipa::openapi::OpenApi as Document;

use crate::routing::{Endpoints, Operation, register};
use crate::state::AppState;

/// When something is served.
type Condition = fn(&AppState) -> bool;

/// All endpoints, with the condition under which each is served.
const ENDPOINTS: [(Endpoints, Condition); 18] = [
    (auth::ENDPOINTS, |state| state.has_sessions),
    (auth::CALLER, always),
    (api_keys::ENDPOINTS, |state| state.has_sessions),
    (users::ENDPOINTS, always),
    (bundles::ENDPOINTS, always),
    (subjects::ENDPOINTS, always),
    (events::ENDPOINTS, always),
    (audit::ENDPOINTS, always),
    (operations::ENDPOINTS, always),
    (operations::METRICS, |state| state.serves_metrics),
    (threads::ENDPOINTS, always),
    (messages::ENDPOINTS, always),
    (tickets::ENDPOINTS, always),
    (ticket_notes::ENDPOINTS, always),
    (files::ENDPOINTS, always),
    (links::ENDPOINTS, always),
    (webhooks::ENDPOINTS, always),
    (documentation::ENDPOINTS, always),
];

fn always(_: &AppState) -> bool {
    true
}

/// What the endpoints say of themselves, read once.
static OPERATIONS: LazyLock<Vec<(Vec<Operation>, Condition)>> = LazyLock::new(|| {
    let documented = ENDPOINTS.map(|(endpoints, is_served)| (endpoints.operations(), is_served));
    let mut all = Vec::from(documented);
    all.push((documentation::assets(), always));
    all
});

/// Registers what is served with this state.
pub(crate) fn configure(state: &AppState, config: &mut ServiceConfig) {
    let served = OPERATIONS.iter().filter(|(_, is_served)| is_served(state));
    register(config, served.flat_map(|(operations, _)| operations));
}

/// What is said of all endpoints, each with its part.
pub(crate) fn documents() -> impl Iterator<Item = Document> {
    ENDPOINTS
        .into_iter()
        .map(|(endpoints, _)| (endpoints.document)())
}
