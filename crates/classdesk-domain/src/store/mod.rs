//! What every repository port has in common: the commit, its preconditions, and how a store fails.
//!
//! A use case is *load, decide, commit*. The commit carries everything that has to become true
//! together, so a port needs no transaction handle, and an adapter is free to put many commits
//! into one fsync.

pub(crate) mod commit;
pub(crate) mod error;
pub(crate) mod ports;

pub use commit::{Commit, Precondition, Versioned};
pub use error::{Cause, Outage, StoreError, Unique};
#[cfg(feature = "mocks")]
pub use ports::MockMaintenance;
pub use ports::{Maintenance, RetentionCutoffs, Store};
