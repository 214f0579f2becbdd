//! The tables and their rows: one file for most of the tables, with what its rows mean in the domain.
//!
//! Compiled once for each database, as the queries above it are. The module that mounts this one
//! supplies `Conn` and `column_types`.

pub(crate) mod api_keys;
pub(crate) mod blobs;
pub(crate) mod bundle_files;
pub(crate) mod bundles;
pub(crate) mod events;
pub(crate) mod idempotency_keys;
pub(crate) mod messages;
pub(crate) mod schema;
pub(crate) mod sessions;
pub(crate) mod subjects;
pub(crate) mod thread_participants;
pub(crate) mod threads;
pub(crate) mod ticket_attachments;
pub(crate) mod ticket_messages;
pub(crate) mod tickets;
pub(crate) mod users;
pub(crate) mod values;
pub(crate) mod webhooks;

use super::column_types;

/// The database whose types the rows are checked against.
pub(crate) type Backend = <super::Conn as diesel::Connection>::Backend;
