//! What handlers take: the caller, the object, the page, the body.
//!
//! A handler's arguments are looked at from left to right, so [`Caller`] comes first: without a
//! sign-in nothing else is told.

mod caller;
mod form;
mod json;
mod path;
mod preconditions;
mod query;
mod subject;

pub(crate) use caller::Caller;
pub(crate) use form::{file_part, validated_form};
pub use json::JSON_LIMIT;
pub(crate) use json::JsonBody;
pub(crate) use path::{Path, SubjectPath};
pub(crate) use preconditions::expected_version;
pub(crate) use query::{authorize_before_validation, list_params, page_params};
pub(crate) use subject::required_subject;
