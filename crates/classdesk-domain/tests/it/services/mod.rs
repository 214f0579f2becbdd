//! The use cases, on a store in memory and on mocks.

mod bundles;
mod drafts;
mod files;
mod futures;
mod messages;
mod people;
mod redeciding;
mod sessions;
mod sight;
mod subjects;
mod support;
mod threads;
mod tickets;
mod upkeep;
