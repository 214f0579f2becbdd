//! Everything that tests around Classdesk need, and nothing that a program should ship.
//!
//! - [`MemoryStore`] and [`MemoryBlobs`] stand behind every port of the domain; they are honest in
//!   all but durability, so a service that embeds the domain can test against them.
//! - [`FrozenClock`], [`SeededSecrets`] and [`PlainHasher`] hold time, randomness and the cost of
//!   passwords still.
//! - [`World`] is a store with people of every role and a bundle in it.
//! - [`conformance`] is the contract of the ports as tests: an adapter mounts all of them with one
//!   line, [`store_conformance!`] or [`blob_conformance!`].
//! - [`history`] runs the same random commands on two stores and compares every answer.
//!
//! This crate never touches a database, a file or the network.
//!
//! ```
//! use classdesk_domain::bundles::BundleRepository;
//! use classdesk_domain::policy::Sight;
//! use classdesk_testkit::{MemoryStore, World};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = MemoryStore::new();
//! let world = World::create(&store).await;
//! let mine = store.bundle(world.bundle, Sight::of(&world.client)).await.unwrap();
//! assert_eq!(mine.unwrap().client_username.as_str(), "client");
//! let not_mine = store.bundle(world.bundle, Sight::of(&world.other_client)).await.unwrap();
//! assert!(not_mine.is_none());
//! # }
//! ```

pub mod conformance;
pub mod history;
mod memory;
mod memory_blobs;
mod stand_ins;
pub mod world;

pub use memory::MemoryStore;
pub use memory_blobs::MemoryBlobs;
pub use stand_ins::{FrozenClock, PlainHasher, SeededSecrets};
pub use world::World;

#[doc(hidden)]
pub use tokio;
