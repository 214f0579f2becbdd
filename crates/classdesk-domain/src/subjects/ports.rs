//! What subjects need of a store.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::external_id::ExternalId;
use crate::ids::UserId;

use super::model::{Subject, SubjectKind, SubjectRef};
use crate::store::commit::{Commit, Precondition};
use crate::store::error::StoreError;

impl Subject {
    /// The fact that the subject's parties are the ones that were decided on.
    pub(crate) fn same_parties(&self) -> Precondition {
        Precondition::Parties {
            subject: self.reference.clone(),
            parties: self.parties,
        }
    }
}

/// A subject to be registered or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPut {
    /// The subject as it shall be. A new one begins in this version; that of one that was there is
    /// the store's to count up.
    pub subject: Subject,
    /// The subject as it was when the decision was made; `None` if it was not there. The store
    /// MUST answer `Stale` when it is otherwise by now.
    pub before: Option<Subject>,
    /// The new writer, who joins the subject's non-private threads; `None` when the writer stays.
    pub joins: Option<UserId>,
    /// When the new writer joins.
    pub at: Timestamp,
}

/// Keeping subjects.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SubjectRepository: Send + Sync {
    /// The subject, a bundle's included.
    async fn subject(&self, reference: &SubjectRef) -> Result<Option<Subject>, StoreError>;

    /// The subject of a kind that another system knows by this id, a bundle included.
    async fn subject_by_external_id(
        &self,
        kind: &SubjectKind,
        id: &ExternalId,
    ) -> Result<Option<Subject>, StoreError>;

    /// A number for a new subject of a kind. It MUST be greater than that of every subject of the kind
    /// that is there or was removed, except for numbers of 2^52 and more.
    async fn next_object_id(&self, kind: &SubjectKind) -> Result<i64, StoreError>;

    /// Registers or changes a subject; its external id stays what it was at first. It MUST answer
    /// `Duplicate` when another subject of the kind has that. The new writer MUST be added to every non-private thread of
    /// the subject that they are not in.
    async fn put_subject(&self, commit: Commit<SubjectPut>) -> Result<Subject, StoreError>;

    /// Removes a registered subject; `false` when it was not there. It MUST answer `Referenced`
    /// when a thread or ticket links to it.
    async fn delete_subject(&self, commit: Commit<SubjectRef>) -> Result<bool, StoreError>;
}
