//! The endpoints, one module for each noun of the contract.
//!
//! A handler extracts, calls one service and renders. What may be done by whom is not decided
//! here.

mod files;
mod messages;
mod operations;
mod threads;
mod ticket_notes;
mod tickets;

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;

use crate::Shell;
use crate::problem::Problem;

/// Registers every endpoint.
pub(crate) fn configure(shell: &Shell, config: &mut ServiceConfig) {
    operations::configure(shell, config);
    threads::configure(config);
    messages::configure(config);
    tickets::configure(config);
    ticket_notes::configure(config);
    files::configure(config);
}

/// The answer to every path that is not served.
pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}
