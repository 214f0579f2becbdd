//! The endpoints, one module for each noun of the contract.
//!
//! A handler extracts, calls one service and renders. What may be done by whom is not decided
//! here.

mod audit;
mod auth;
mod bundles;
mod documentation;
mod files;
mod messages;
mod operations;
mod subjects;
mod threads;
mod ticket_notes;
mod tickets;
mod users;

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::Shell;
use crate::problem::Problem;

/// Registers every endpoint.
pub(crate) fn configure(shell: &Shell, config: &mut ServiceConfig) {
    auth::configure(shell, config);
    users::configure(config);
    bundles::configure(config);
    subjects::configure(config);
    audit::configure(config);
    operations::configure(shell, config);
    documentation::configure(config);
    threads::configure(config);
    messages::configure(config);
    tickets::configure(config);
    ticket_notes::configure(config);
    files::configure(config);
}

/// The operations of every module.
pub(crate) fn documents() -> [Document; 12] {
    [
        auth::Operations::openapi(),
        users::Operations::openapi(),
        bundles::Operations::openapi(),
        subjects::Operations::openapi(),
        audit::Operations::openapi(),
        operations::Operations::openapi(),
        threads::Operations::openapi(),
        messages::Operations::openapi(),
        tickets::Operations::openapi(),
        ticket_notes::Operations::openapi(),
        files::Operations::openapi(),
        documentation::Operations::openapi(),
    ]
}

/// The answer to every path that is not served.
pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}
