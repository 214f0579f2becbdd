//! Subjects that live in another system.

use classdesk_domain::ExternalId;
use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{PutSubject, Subject, SubjectKind, SubjectRef};
use classdesk_domain::text::Title;
use serde_json::Value;

use crate::input::{FieldSet, Fields, Input, Nullable, input, inputs};
use crate::output::view;
use crate::schema::{Components, Property};

view! {
    /// What threads and tickets can be about.
    SubjectView from (subject: Subject) {
        /// Its kind.
        content_type: SubjectKind = subject.reference.content_type,
        /// Its id in the system where it lives.
        object_id: i64 = subject.reference.object_id,
        /// The id by which the other system knows it, if that is no number.
        external_id: Option<ExternalId>,
        /// The id of its owner.
        client_id: UserId = subject.parties.client,
        /// The id of its writer, if it has one.
        assigned_writer_id: Option<UserId> = subject.parties.assigned_writer,
        /// What it is called.
        label: Title,
        /// Counts its changes; the first part of the `ETag`.
        version: i64,
    },
    example {
        "content_type": "order", "object_id": 1001, "external_id": null, "client_id": 7, "assigned_writer_id": null,
        "label": "Order 1001", "version": 1,
    }
}

input! {
    /// A subject to be registered or changed.
    body SubjectBody -> PutSubject {
        /// Its owner, an active client.
        client_id: UserId,
        /// Its writer, an active writer; none when it is null or left out.
        assigned_writer_id: Nullable<UserId> = Value::Null,
        /// What it is called.
        label: Title,
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
pub(crate) struct KindInput;

inputs! {
    KindInput => Option<SubjectKind>: |raw| Ok(SubjectKind::parse(raw.text()?).ok()),
        <SubjectKind as Input>::schema(&mut Vec::new());
}

input! {
    /// The subject that a body has to name.
    part SubjectFields -> SubjectInput {
        /// The kind of the subject.
        content_type: KindInput,
        /// Which subject of that kind.
        object_id: i64,
    } => content_type.map_or(SubjectInput::Impossible, |kind| {
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

    fn properties(components: &mut Components) -> Vec<Property> {
        OptionalSubjectProperties::properties(components)
    }
}
