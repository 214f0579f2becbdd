//! Files of a bundle.

mod model;
mod ports;
mod service;

pub use model::{BundleFile, FileChange, NewFile, Visibility};
#[cfg(feature = "mocks")]
pub use ports::MockFileRepository;
pub use ports::{BundleFileContext, FileRepository, FileUpdate, InsertBundleFile};
pub use service::Files;
