//! Files of a bundle.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{BundleFile, FileChange, NewFile, Visibility};
#[cfg(feature = "mocks")]
pub use ports::MockFileRepository;
pub use ports::{BundleFileContext, FileDeletion, FileRepository, FileUpdate, InsertBundleFile};
pub use service::Files;
