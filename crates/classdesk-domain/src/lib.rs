//! The rules of Classdesk.

pub mod blobs;
pub mod bundles;
mod classdesk;
pub mod clock;
pub mod error;
pub mod events;
pub mod files;
pub mod housekeeping;
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
mod use_case;

pub use classdesk::{By, Classdesk, Ports, Settings};
pub use use_case::ExpectedVersion;
