//! Every port of the domain in memory, for tests and for services that embed the domain.
//!
//! - [`MemoryStore`] and [`MemoryBlobs`] stand behind every port of the domain. They keep every
//!   promise of a port but durability.
//! - [`FrozenClock`], [`SeededSecrets`] and [`PlainHasher`] hold time, randomness and the cost of
//!   passwords still.
//! - [`GatedLog`] holds the log of events shut.
//!
//! This crate never touches a database, a file or the network.
//!
//! ```
//! use classdesk_domain::people::UserRepository;
//! use classdesk_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = MemoryStore::new();
//! assert!(!store.any_user().await.unwrap());
//! # }
//! ```

mod blobs;
mod gated_log;
mod stand_ins;
mod store;

pub use blobs::MemoryBlobs;
pub use gated_log::GatedLog;
pub use stand_ins::{FrozenClock, PlainHasher, SeededSecrets};
pub use store::MemoryStore;
