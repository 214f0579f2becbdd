//! The columns that name a subject and its parties.

use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};
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
