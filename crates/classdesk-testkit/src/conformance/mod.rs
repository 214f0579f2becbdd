//! The contract of the ports as tests: what an adapter has to pass.
//!
//! Every MUST in the documentation of a port has at least one check here. An adapter mounts all of
//! them with [`store_conformance!`](crate::store_conformance) or
//! [`blob_conformance!`](crate::blob_conformance) in its own integration tests; each check becomes
//! a `#[test]` with a fresh store of its own.

pub mod blob;
mod mount;
pub mod store;

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
