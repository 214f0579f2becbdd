//! Checks of a [`Store`](classdesk_domain::store::Store).
//!
//! Each takes an empty store. They go through the ports alone and ask no policy.

pub mod api_keys;
pub mod atomicity;
pub mod blobs;
pub mod bundle_lists;
pub mod bundles;
pub mod deliveries;
pub mod events;
pub mod feed;
pub mod files;
pub mod histories;
pub mod idempotency;
pub mod links;
pub mod maintenance;
pub mod messages;
pub mod password_links;
pub mod people;
pub mod preconditions;
pub mod reading;
pub mod search;
pub mod sessions;
pub mod subjects;
mod support;
pub mod thread_lists;
pub mod threads;
pub mod throttling;
pub mod ticket_notes;
pub mod tickets;
pub mod webhooks;
