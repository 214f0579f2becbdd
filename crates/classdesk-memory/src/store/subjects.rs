//! Subjects.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Subject, SubjectPut, SubjectRef, SubjectRepository};

use super::MemoryStore;
use super::commit::Outcome;

#[async_trait]
impl SubjectRepository for MemoryStore {
    async fn subject(&self, reference: &SubjectRef) -> Result<Option<Subject>, StoreError> {
        Ok(self.read(|state| state.subjects.get(reference).cloned()))
    }

    async fn put_subject(&self, commit: Commit<SubjectPut>) -> Result<Subject, StoreError> {
        self.commit(commit, |state, put| {
            let SubjectPut {
                mut subject,
                before,
                joins,
                at: _,
            } = put;
            if state.subjects.get(&subject.reference) != before.as_ref() {
                return Err(StoreError::Stale);
            }
            if let Some(before) = &before {
                subject.version = before.version + 1;
            }
            state.people_there(&subject.parties)?;
            Arc::make_mut(&mut state.subjects).insert(subject.reference.clone(), subject.clone());
            if before.is_some_and(|before| before.parties != subject.parties) {
                state.change_parties(&subject.reference, joins);
            }
            let outcome = Outcome::changed(subject.reference.object_id);
            Ok((subject, outcome))
        })
    }

    async fn delete_subject(&self, commit: Commit<SubjectRef>) -> Result<bool, StoreError> {
        self.commit(commit, |state, reference| {
            let in_thread = state.threads.rows().any(|row| row.about == reference);
            let in_ticket = state
                .tickets
                .rows()
                .any(|row| row.about.as_ref() == Some(&reference));
            let is_bundle = reference
                .as_bundle()
                .is_some_and(|id| state.bundles.get(id).is_some());
            if in_thread || in_ticket || is_bundle {
                return Err(StoreError::Referenced);
            }
            if Arc::make_mut(&mut state.subjects)
                .remove(&reference)
                .is_none()
            {
                return Ok((false, Outcome::Unchanged));
            }
            Ok((true, Outcome::changed(reference.object_id)))
        })
    }
}
