//! What handlers take beside the [`Call`](crate::call::Call): the object and the body.

mod form;
mod json;
mod path;
mod subject;

pub(crate) use form::{file_part, validated_form};
pub use json::JSON_LIMIT;
pub(crate) use json::JsonBody;
pub(crate) use path::Path;
pub(crate) use subject::required_subject;
