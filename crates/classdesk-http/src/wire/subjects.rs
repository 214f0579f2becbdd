//! Subjects that live in another system.

use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{PutSubject, Subject};
use classdesk_domain::text::Title;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Fields, read};

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

/// A subject to be registered or changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"client_id": 7, "assigned_writer_id": 8, "label": "Order 1001"}))]
pub struct SubjectBody {
    /// Its owner, an active client.
    #[schema(minimum = 1)]
    pub client_id: i64,
    /// Its writer, an active writer; none when it is null or left out.
    #[schema(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_writer_id: Option<i64>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00]*\S[^\x00]*$")]
    pub label: String,
}

impl SubjectBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<PutSubject> {
        let client_id = fields.required("client_id", read::id::<UserId>);
        let assigned_writer_id = fields.nullable("assigned_writer_id", read::id::<UserId>);
        let label = fields.required("label", read::text(Title::parse));
        Some(PutSubject {
            client_id: client_id?,
            assigned_writer_id: assigned_writer_id.flatten(),
            label: label?,
        })
    }
}
