//! The columns that name a subject and its parties.

use classdesk_domain::ExternalId;
use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectRef};
use classdesk_domain::text::Title;
use diesel::prelude::*;

use super::schema::subjects;

/// A subject as the columns of a row name it.
pub(crate) fn subject_ref(content_type: String, object_id: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::from_stored(content_type), object_id)
}

/// The parties of a subject.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = subjects)]
pub(crate) struct PartiesRow {
    pub(crate) client_id: i64,
    pub(crate) assigned_writer_id: Option<i64>,
}

impl From<PartiesRow> for Parties {
    fn from(row: PartiesRow) -> Self {
        Self {
            client: UserId::new(row.client_id),
            assigned_writer: row.assigned_writer_id.map(UserId::new),
        }
    }
}

/// A subject.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = subjects)]
pub(crate) struct SubjectRow {
    content_type: String,
    object_id: i64,
    external_id: Option<String>,
    #[diesel(embed)]
    parties: PartiesRow,
    label: String,
    version: i64,
}

impl SubjectRow {
    pub(crate) fn into_domain(self) -> Subject {
        Subject {
            reference: subject_ref(self.content_type, self.object_id),
            external_id: self.external_id.map(ExternalId::from_stored),
            parties: self.parties.into(),
            label: Title::from_stored(self.label),
            version: self.version,
        }
    }
}
