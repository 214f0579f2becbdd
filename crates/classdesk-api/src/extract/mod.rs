//! What handlers take beside the [`Call`](crate::call::Call): the object and the body.

mod form;
mod json;
mod parameters;
mod path;
mod subject;

pub(crate) use form::{form_parts, validated_form};
pub use json::JSON_LIMIT;
pub(crate) use json::{JsonBody, json_lines};
pub(crate) use parameters::no_parameters;
pub(crate) use path::{Path, PathIds, SLASH, SubjectName, external_id, path_parameters};
pub(crate) use subject::required_subject;
