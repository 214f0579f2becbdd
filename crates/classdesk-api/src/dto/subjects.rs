//! Subjects that live in another system.

use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{PutSubject, Subject, SubjectKind, SubjectRef};
use classdesk_domain::text::Title;
use classdesk_domain::validation::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{FieldSet, Fields, Input, Nullable, Property, Raw, ValueSchema, input};

/// What threads and tickets can be about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "content_type": "order", "object_id": 1001, "client_id": 7, "assigned_writer_id": null,
    "label": "Order 1001",
}))]
pub struct SubjectView {
    /// Its kind.
    pub content_type: String,
    /// Its id in the system where it lives.
    pub object_id: i64,
    /// The id of its owner.
    pub client_id: i64,
    /// The id of its writer, if it has one.
    #[schema(required = true)]
    pub assigned_writer_id: Option<i64>,
    /// What it is called.
    pub label: String,
}

impl From<Subject> for SubjectView {
    fn from(subject: Subject) -> Self {
        Self {
            content_type: subject.reference.content_type.to_string(),
            object_id: subject.reference.object_id,
            client_id: subject.parties.client.get(),
            assigned_writer_id: subject.parties.assigned_writer.map(UserId::get),
            label: subject.label.into_string(),
        }
    }
}

input! {
    /// A subject to be registered or changed.
    body SubjectBody -> PutSubject {
        /// Its owner, an active client.
        client_id: UserId,
        /// Its writer, an active writer; none when it is null or left out.
        assigned_writer_id: Option<Nullable<UserId>>,
        /// What it is called.
        label: Title,
    } => PutSubject {
        client_id,
        assigned_writer_id: assigned_writer_id.and_then(|writer| writer.0),
        label,
    },
    example {"client_id": 7, "assigned_writer_id": 8, "label": "Order 1001"}
}

/// A subject as a body names it.
///
/// A kind that can't exist names nothing that does. So it is no error of the field, but answered
/// like a subject that is not there, whatever else is wrong with the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubjectInput {
    /// This one.
    Subject(SubjectRef),
    /// One that can't exist.
    Impossible,
}

/// A kind; `None` if no subject can be of it.
pub(crate) struct KindInput(Option<SubjectKind>);

impl Input for KindInput {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        Ok(Self(SubjectKind::parse(raw.text()?).ok()))
    }

    fn schema() -> ValueSchema {
        SubjectKind::schema()
    }
}

input! {
    /// The subject that a body has to name.
    part SubjectFields -> SubjectInput {
        /// The kind of the subject.
        content_type: KindInput,
        /// Which subject of that kind.
        object_id: i64,
    } => content_type.0.map_or(SubjectInput::Impossible, |kind| {
        SubjectInput::Subject(SubjectRef::new(kind, object_id))
    })
}

input! {
    /// The subject that a body may name, as the document describes it.
    part OptionalSubjectProperties -> () {
        /// The kind of the subject that it is on; needs `object_id`.
        content_type: Option<KindInput>,
        /// Which subject of that kind; needs `content_type`.
        object_id: Option<i64>,
    } => drop((content_type, object_id))
}

/// The subject that a body names with both fields, or with neither.
pub(crate) struct OptionalSubjectFields;

impl FieldSet for OptionalSubjectFields {
    type Output = Option<SubjectInput>;

    fn read(fields: &mut Fields) -> Option<Option<SubjectInput>> {
        if fields.has("content_type") || fields.has("object_id") {
            SubjectFields::read(fields).map(Some)
        } else {
            Some(None)
        }
    }

    fn properties() -> Vec<Property> {
        OptionalSubjectProperties::properties()
    }
}

/// A body that names a subject among other things.
pub(crate) trait OnSubject {
    /// The fields that name it.
    type Subject: FieldSet;
    /// The other fields.
    type Rest: FieldSet;
}
