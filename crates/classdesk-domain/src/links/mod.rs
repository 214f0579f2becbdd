//! Links to files that a browser can open: without a header, for a short time
//! (docs/contract.md#links-to-files).
//!
//! A link names a person and a file, and is signed; nothing of it is stored. Whoever opens it gets
//! what that person may see at that moment.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;
pub(crate) mod signature;

pub use model::{Disposition, FileLink, LinkLifetime, LinkedFile, NewLink};
pub use ports::LinkKeyRepository;
#[cfg(feature = "mocks")]
pub use ports::MockLinkKeyRepository;
pub use service::{Links, MadeLink, OpenedLink};
pub use signature::LinkKey;
