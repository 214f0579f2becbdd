//! What handlers take: who asks, which object, which page, what shall become.
//!
//! A handler's arguments are looked at from left to right, so [`Caller`] comes first: without a
//! sign-in nothing else is told.

mod body;
mod caller;
mod client_address;
mod form;
mod json;
mod path;
mod preconditions;
mod query;
mod subject;

pub(crate) use body::while_body_arrives;
pub(crate) use caller::Caller;
pub(crate) use client_address::client_address;
pub(crate) use form::{form_shape, validated_form};
pub(crate) use json::JsonBody;
pub(crate) use path::{Path, SubjectPath};
pub(crate) use preconditions::expected_version;
pub(crate) use query::{authorize_before_validation, list_params, page_params};
pub(crate) use subject::required_subject;
