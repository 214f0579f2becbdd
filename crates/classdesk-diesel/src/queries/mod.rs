//! The queries: one file for each noun, which implements the noun's port beside them.
//!
//! There is one copy, compiled once for each database. The module that mounts this one supplies
//! `Database`, `Conn`, `rows` and `dialect`.
//!
//! Some queries are macros: the type of a Diesel query grows with each clause, and one that is the
//! start of several statements can't be written as the return type of a function.

pub(crate) mod addresses;
mod api_keys;
mod assignments;
mod blobs;
mod bundles;
mod commit;
mod deliveries;
mod delivery_rows;
mod events;
mod feed;
mod files;
mod filter;
mod idempotency;
mod leases;
mod link_keys;
mod login;
mod maintenance;
mod messages;
mod page;
mod participants;
mod password_links;
mod people;
mod port;
mod post_message;
mod preconditions;
mod read_receipts;
pub(crate) mod search;
mod sessions;
mod subjects;
mod thread_context;
mod threads;
mod ticket;
mod ticket_messages;
mod tickets;
mod webhooks;

use super::{Conn, Database, column_types, dialect, rows};
