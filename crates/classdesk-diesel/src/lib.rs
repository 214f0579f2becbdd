//! The repositories of Classdesk on SQLite and PostgreSQL, with one set of queries for both.
//!
//! [`DieselStore`] implements every repository port of the domain. Which database it is, the URL
//! says: `sqlite://classdesk-data/classdesk.db` or `postgres://…`. The tables, rows and queries
//! are written once and compiled twice, so that both databases give the same answers.
//!
//! It never decides who may do what: it filters by the sight that the domain hands it, and checks
//! the facts that a commit rests on. It never blocks the thread of a caller's future: work is done
//! on threads of its own, each with a connection, and a full queue is an answer. It never answers
//! a change before it is durable.
//!
//! ```
//! use classdesk_diesel::{DatabaseUrl, DieselStore, StoreOptions};
//! use classdesk_domain::store::Store;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("classdesk-doc-{}", std::process::id()));
//! # let path = folder.join("example.db");
//! let url: DatabaseUrl = format!("sqlite://{}", path.display()).parse()?;
//! let running = DieselStore::connect(&url, &StoreOptions::default())?;
//! let store: Arc<dyn Store> = running.store();
//! assert_eq!(running.stats().pool.queued, 0);
//! # drop((store, running));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::duplicate_mod,
    reason = "one copy of the queries is compiled once for each database"
)]

// Named so that cargo builds it into the program.
use libsqlite3_sys as _;

mod error;
mod migrations;
mod options;
mod outcome;
mod pool;
mod postgres;
mod redact;
mod session_cache;
mod sqlite;
mod stats;
mod store;
mod url;
mod work_queue;

pub use error::ConnectError;
pub use migrations::MigrationStatus;
pub use options::StoreOptions;
pub use stats::{PoolStats, StoreStats, WriterStats};
pub use store::{DatabaseHandle, DieselStore};
pub use url::DatabaseUrl;
