//! What handlers take: who asks, which object, which page, what shall become.
//!
//! A handler's arguments are looked at from left to right, so [`Caller`] comes first: without a
//! sign-in nothing else is told.

mod body;
mod caller;
mod client_address;
mod fields;
mod json;
mod path;
mod preconditions;
mod query;
pub(crate) mod read;
mod subject;

pub(crate) use body::while_body_arrives;
pub(crate) use caller::Caller;
pub(crate) use client_address::client_address;
pub(crate) use fields::Fields;
pub(crate) use json::JsonBody;
pub(crate) use path::{InPath, SubjectInPath};
pub(crate) use preconditions::expected_version;
pub(crate) use query::{QueryReader, rights_first};
pub(crate) use subject::{NamedSubject, named_subject};
