//! The use cases, on a store in memory and on mocks.

mod access_scope;
mod bundles;
mod files;
mod futures;
mod maintenance;
mod messages;
mod people;
mod retry_on_stale;
mod sessions;
mod subjects;
mod support;
mod threads;
mod tickets;
mod validated;
