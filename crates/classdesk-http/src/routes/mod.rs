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
mod upload;
mod users;

use actix_web::web::ServiceConfig;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::Shell;
use crate::routing::Endpoints;

/// Registers every endpoint.
pub(crate) fn configure(shell: &Shell, config: &mut ServiceConfig) {
    let mut endpoints = Endpoints::default();
    auth::configure(shell, &mut endpoints);
    users::configure(&mut endpoints);
    bundles::configure(&mut endpoints);
    subjects::configure(&mut endpoints);
    audit::configure(&mut endpoints);
    operations::configure(shell, &mut endpoints);
    documentation::configure(&mut endpoints);
    threads::configure(&mut endpoints);
    messages::configure(&mut endpoints);
    tickets::configure(&mut endpoints);
    ticket_notes::configure(&mut endpoints);
    files::configure(&mut endpoints);
    endpoints.register(config);
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
