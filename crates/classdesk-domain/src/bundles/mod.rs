//! Class bundles: what a client buys and a writer works on.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{
    Bundle, BundleChange, BundleDetail, BundleFilter, BundleStatus, BundleView, Dates, Member,
    MemberRelation, NewBundle, NumberOfClasses,
};
#[cfg(feature = "mocks")]
pub use ports::MockBundleRepository;
pub use ports::{BundleRepository, BundleUpdate, InsertBundle, WriterAssignment};
pub use service::Bundles;
