//! The rules of Classdesk: who may do what around a class bundle, and what happens then.
//!
//! A client buys a bundle of classes, a writer works on it, staff oversee it. On every bundle they
//! talk in threads, raise tickets and share files, and nobody sees what is not theirs. This crate
//! decides all of that. What it needs of the world it asks for through ports: traits that an
//! adapter implements.
//!
//! # What it never does
//!
//! - It reads no file, socket, clock or random number by itself: all of them are ports. (The
//!   feature `system` adds the machine's clock and randomness as adapters.)
//! - It knows no HTTP, no SQL, no async runtime and no wire format.
//! - It trusts no adapter with a decision: whatever an actor does or sees passes the [`policy`],
//!   and lists are filtered by a [`AccessScope`](policy::AccessScope) that the policy made.
//! - It keeps no transaction open: a use case loads the facts, decides, and [commits](store::Commit)
//!   in one port call that fails when a fact has changed meanwhile. Then it decides again.
//!
//! # Where what is
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`people`] | people, passwords, sessions, throttled sign-in |
//! | [`api_keys`] | keys, by which programs come in |
//! | [`subjects`] | what threads and tickets are about, and its two parties |
//! | [`bundles`] | class bundles, the native subjects |
//! | [`threads`] | threads and their messages |
//! | [`tickets`] | tickets, their messages, files and history |
//! | [`files`] | files of bundles |
//! | [`blobs`] | bytes on their way in and out |
//! | [`links`] | links to files that a browser can open |
//! | [`policy`] | every permission |
//! | [`events`] | the log of changes: audit trail, ticket history and feed |
//! | [`store`] | the commit, its preconditions, and how stores fail |
//! | [`idempotency`] | the same request twice creates one thing |
//! | [`jobs`] | what every queue of background work has in common |
//! | [`maintenance`] | sweeping, purging and checking what is stored |
//! | [`error`] | how use cases fail |
//! | [`webhooks`] | receivers of events outside, and what is sent to them |
//! | [`search`] | the words by which things are found |
//! | [`ids`], [`clock`], [`text`], [`paging`], [`validation`] | the small types that all of them share |
//!
//! In each module of a noun, the model is what a thing is, the ports are what a store must keep of
//! it, and the service has one method for each use case. Imports only point down these floors:
//! small types, models, policy, ports, services, [`App`]. A service holds the ports that it uses
//! and no others. Inside the crate, everything is imported from the file that defines it.
//!
//! # Embedding
//!
//! A host brings a store, a place for bytes, a password hasher, a clock and randomness, and gets
//! every use case. Here they are the ones in memory of the test kit:
//!
//! ```
//! use std::sync::Arc;
//!
//! use classdesk_domain::bundles::NewBundle;
//! use classdesk_domain::error::Error;
//! use classdesk_domain::{App, Ports, Settings};
//! use classdesk_conformance::fixture::{Fixture, title};
//! use classdesk_memory::{FrozenClock, MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let store = Arc::new(MemoryStore::new());
//! let ports = Ports::new(
//!     store.clone(),
//!     Arc::new(MemoryBlobs::default()),
//!     Arc::new(PlainHasher::default()),
//!     Arc::new(FrozenClock::default()),
//!     Arc::new(SeededSecrets::default()),
//! );
//! let desk = App::new(ports, Settings::default());
//!
//! // The host knows its people; an `Actor` is an id and a role.
//! let people = Fixture::create(&*store).await;
//! let new = NewBundle::new(people.client.id, title("Spring semester"));
//! let created = desk.bundles.create(people.admin, new).await?;
//!
//! let id = created.view.bundle.id;
//! assert!(desk.bundles.detail(&people.client, id).await.is_ok());
//! let hidden = desk.bundles.detail(&people.other_client, id).await;
//! assert!(matches!(hidden, Err(Error::NotFound)));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` walks through the whole workflow.

pub mod api_keys;
mod app;
pub mod blobs;
pub mod bundles;
mod client_network;
pub mod clock;
pub mod error;
pub mod events;
mod external_id;
pub mod files;
mod from_text;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod links;
pub mod maintenance;
pub mod paging;
pub mod people;
pub mod policy;
mod request_context;
pub mod search;
pub mod store;
mod string_enum;
pub mod subjects;
#[cfg(feature = "system")]
pub mod system;
pub mod text;
pub mod threads;
pub mod tickets;
mod use_case;
pub mod validation;
pub mod webhooks;

pub use app::{App, Ports, Settings};
pub use client_network::ClientNetwork;
pub use external_id::ExternalId;
pub use request_context::{Present, Put, RequestContext, VersionConditions, Versions};
