//! What every adapter of Classdesk has to pass.
//!
//! - [`store`] and [`blob`] are the contract of the ports as tests. Every MUST in the documentation
//!   of a port has at least one check here. An adapter mounts all of them with one line,
//!   [`store_conformance!`] or [`blob_conformance!`], in its own integration tests. Each check
//!   becomes a `#[test]` with a fresh store of its own.
//! - [`history`] runs the same random commands on two stores and compares every answer.
//! - [`Fixture`] is a store with people of every role and a bundle in it.
//!
//! ```
//! use classdesk_conformance::Fixture;
//! use classdesk_domain::bundles::BundleRepository;
//! use classdesk_domain::policy::AccessScope;
//! use classdesk_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = MemoryStore::new();
//! let fixture = Fixture::create(&store).await;
//! let mine = store.bundle(fixture.bundle, AccessScope::of(&fixture.client)).await.unwrap();
//! assert_eq!(mine.unwrap().client_username.as_str(), "client");
//! let scope = AccessScope::of(&fixture.other_client);
//! assert!(store.bundle(fixture.bundle, scope).await.unwrap().is_none());
//! # }
//! ```

pub mod blob;
pub mod every_event;
pub mod fixture;
pub mod history;
mod macros;
pub mod store;

pub use fixture::Fixture;

#[doc(hidden)]
pub use tokio;

/// Runs one check on a single-threaded runtime with everything enabled.
///
/// # Panics
/// When the check does, or when no runtime can be made.
#[doc(hidden)]
pub fn run<F: Future>(check: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(check)
}
