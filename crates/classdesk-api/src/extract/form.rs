//! Forms, as their definitions say.

use actix_web::HttpRequest;
use classdesk_domain::validation::Validated;
use classdesk_http::multipart::{FilePart, Form, FormParts, TextLimit};

use crate::input::{FieldSet, Fields};

use super::parameters::{no_parameters, together, validated};

/// The greatest number of characters of a part whose value is no text, such as a number.
const SHORT: usize = 64;

/// The parts that a form may have.
pub(crate) fn form_parts<S: FieldSet>() -> FormParts {
    let properties = S::properties(&mut Vec::new());
    let (files, texts): (Vec<_>, Vec<_>) = properties
        .into_iter()
        .partition(|property| property.is_file());
    let file = files.first().expect("a form has a file");
    let texts = texts.iter().map(|property| {
        let characters = property.max_length().unwrap_or(SHORT);
        (property.name, TextLimit { characters })
    });
    FormParts {
        file: FilePart {
            name: file.name,
            is_required: file.is_required,
        },
        texts: texts.collect(),
    }
}

/// Reads what a form says beside its file.
pub(crate) fn validated_form<S: FieldSet>(
    request: &HttpRequest,
    form: Form,
) -> Validated<S::Output> {
    let read = Fields::of_form(form.texts, form.faults).read::<S>();
    validated(together(read, &no_parameters(request)))
}
