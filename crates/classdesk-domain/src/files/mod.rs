//! Files of a bundle.

mod model;
mod ports;

pub use model::{BundleFile, FileChange, NewFile, Visibility};
#[cfg(feature = "mocks")]
pub use ports::MockFileRepository;
pub use ports::{BundleFileFacts, FileRepository, FileUpdate, NewFileRow};
