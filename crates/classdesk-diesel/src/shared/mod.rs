//! One copy of the tables, the rows and the queries, compiled once for each database: the module
//! that mounts this one supplies `Database`, `Conn`, `Backend`, `types` and `dialect`.

mod activity;
mod blobs;
mod bundles;
mod commit;
mod events;
mod files;
mod idempotency;
mod login;
mod maintenance;
mod messages;
mod notes;
mod page;
mod people;
mod posting;
mod preconditions;
mod receipts;
mod repositories;
pub(crate) mod schema;
mod sessions;
mod subjects;
mod threads;
mod tickets;
pub(crate) mod values;

use super::{Conn, Database, dialect, types};
