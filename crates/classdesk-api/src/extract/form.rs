//! Forms, as their definitions say.

use classdesk_domain::validation::Validated;
use classdesk_http::multipart::{FilePart, Form};

use crate::input::{FieldSet, Fields};

use super::json::validated;

/// Which part of a form is its file, and whether it has to be there.
pub(crate) fn file_part<S: FieldSet>() -> FilePart {
    let properties = S::properties(&mut Vec::new());
    let file = properties
        .iter()
        .find(|property| property.is_file())
        .expect("a form has a file");
    FilePart {
        name: file.name,
        is_required: file.is_required,
    }
}

/// Reads what a form says beside its file.
pub(crate) fn validated_form<S: FieldSet>(form: Form) -> Validated<S::Output> {
    validated(Fields::of_form(form.texts, form.faults).read::<S>())
}
