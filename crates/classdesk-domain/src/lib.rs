//! The rules of Classdesk.

pub mod blobs;
pub mod bundles;
pub mod clock;
pub mod error;
pub mod events;
pub mod files;
pub mod idempotency;
pub mod ids;
pub mod paging;
pub mod people;
pub mod policy;
pub mod store;
pub mod subjects;
#[cfg(feature = "system")]
pub mod system;
pub mod text;
pub mod threads;
pub mod tickets;
