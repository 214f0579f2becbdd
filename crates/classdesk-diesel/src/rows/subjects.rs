//! The columns that name a subject and its parties.

use classdesk_domain::ids::UserId;
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};

/// A subject as the columns of a row name it.
pub(crate) fn subject_ref(content_type: String, object_id: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::from_stored(content_type), object_id)
}

/// The parties of a subject as its row has them.
pub(crate) const fn parties(client: i64, writer: Option<i64>) -> Parties {
    Parties {
        client: UserId::new(client),
        assigned_writer: match writer {
            Some(writer) => Some(UserId::new(writer)),
            None => None,
        },
    }
}
