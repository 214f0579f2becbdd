//! Which subject a body names.

use classdesk_domain::error::{Error, FieldError, Validated};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};

use super::fields::Fields;
use super::read;

/// The subject that a body names by `content_type` and `object_id`.
///
/// A kind that can't exist names nothing that does, so it is no fault of the field: it is answered
/// like a subject that is not there, whatever else is wrong with the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedSubject {
    /// This one.
    Subject(SubjectRef),
    /// One that can't exist.
    Impossible,
}

impl NamedSubject {
    /// Reads both fields, of which neither may be missing.
    pub(crate) fn required(fields: &mut Fields) -> Option<Self> {
        let kind = fields.required("content_type", read::text(kind));
        let id = fields.required("object_id", read::integer(Ok));
        kind.zip(id).map(Self::of)
    }

    /// Reads both fields, or neither of them: `Some(None)`.
    pub(crate) fn optional(fields: &mut Fields) -> Option<Option<Self>> {
        let (has_kind, has_id) = (fields.has("content_type"), fields.has("object_id"));
        if has_kind || has_id {
            Self::required(fields).map(Some)
        } else {
            Some(None)
        }
    }

    fn of((kind, object_id): (Option<SubjectKind>, i64)) -> Self {
        kind.map_or(Self::Impossible, |kind| {
            Self::Subject(SubjectRef::new(kind, object_id))
        })
    }
}

/// A malformed kind is `None`.
fn kind(text: &str) -> Result<Option<SubjectKind>, FieldError> {
    Ok(SubjectKind::parse(text).ok())
}

/// The subject of a request whose body had to name one.
///
/// # Errors
/// [`Error::NotFound`] for one that can't exist, else the faults of the body.
pub(crate) fn named_subject<T>(
    named: Option<NamedSubject>,
    draft: &Validated<T>,
) -> Result<SubjectRef, Error> {
    match named {
        Some(NamedSubject::Subject(subject)) => Ok(subject),
        Some(NamedSubject::Impossible) => Err(Error::NotFound),
        None => match draft.as_result() {
            Err(invalid) => Err(invalid.into()),
            Ok(_) => Err(Error::NotFound),
        },
    }
}
