//! The use cases, on a store in memory and on mocks.

mod access_scope;
mod api_keys;
mod bundles;
mod files;
mod futures;
mod invitations;
mod maintenance;
mod messages;
mod people;
mod retry_on_stale;
mod roles;
mod sessions;
mod subjects;
mod support;
mod threads;
mod throttling;
mod tickets;
mod tokens;
mod validated;
mod webhooks;
