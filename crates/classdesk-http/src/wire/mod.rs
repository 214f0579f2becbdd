//! The JSON of the API: what clients send (`…Body`, `…Params`) and what they get (`…View`).
//!
//! These types are the schemas of the OpenAPI document. Views are built from what the domain
//! returned for one viewer; bodies are read field by field, so that all faults are found at once.

mod audit;
mod bundles;
mod files;
mod lists;
mod operations;
mod people;
mod sessions;
mod subjects;
mod words;

pub use audit::{AuditEntryView, AuditParams};
pub use bundles::{
    AssignWriterBody, BundleBody, BundleChangeBody, BundleDetailView, BundleParams, BundleView,
    MemberView,
};
pub use files::{AttachmentView, BundleFileView};
pub use lists::PageParams;
pub use operations::HealthView;
pub use people::{UserBody, UserChangeBody, UserParams, UserRefView, UserView};
pub use sessions::{LoginBody, LoginView, PasswordChangeBody, SessionView};
pub use subjects::{SubjectBody, SubjectView};
pub use words::{BundleStatusWord, EventActionWord, MemberRelationWord, RoleWord};
