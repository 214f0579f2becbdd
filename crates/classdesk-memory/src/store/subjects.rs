//! Subjects.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::ExternalId;
use classdesk_domain::store::{Commit, StoreError, Unique};
use classdesk_domain::subjects::{Subject, SubjectKind, SubjectPut, SubjectRef, SubjectRepository};

use super::MemoryStore;
use super::commit::Outcome;
use super::state::State;

/// Numbers from here on are none that are given, so that there is always a next one.
const GREAT: i64 = 1 << 52;

impl State {
    fn with_external_id(&self, kind: &SubjectKind, id: &ExternalId) -> Option<&Subject> {
        let mut subjects = self.subjects.values();
        subjects.find(|subject| {
            subject.reference.content_type == *kind && subject.external_id.as_ref() == Some(id)
        })
    }

    /// Checks that no subject of the kind but this one has this external id.
    pub(super) fn external_id_is_free(
        &self,
        kind: &SubjectKind,
        id: Option<&ExternalId>,
        but: Option<&SubjectRef>,
    ) -> Result<(), StoreError> {
        let taken = id.and_then(|id| self.with_external_id(kind, id));
        if taken.is_some_and(|subject| Some(&subject.reference) != but) {
            return Err(StoreError::Duplicate(Unique::ExternalId));
        }
        Ok(())
    }
}

#[async_trait]
impl SubjectRepository for MemoryStore {
    async fn subject(&self, reference: &SubjectRef) -> Result<Option<Subject>, StoreError> {
        Ok(self.read(|state| state.subjects.get(reference).cloned()))
    }

    async fn subject_by_external_id(
        &self,
        kind: &SubjectKind,
        id: &ExternalId,
    ) -> Result<Option<Subject>, StoreError> {
        Ok(self.read(|state| state.with_external_id(kind, id).cloned()))
    }

    async fn next_object_id(&self, kind: &SubjectKind) -> Result<i64, StoreError> {
        Ok(self.read(|state| {
            let there = state.subjects.keys();
            let there = there.filter(|subject| subject.content_type == *kind);
            let numbers = there.map(|subject| subject.object_id);
            let removed = state.removed_numbers.get(kind).copied();
            let numbers = numbers.filter(|number| *number < GREAT).chain(removed);
            numbers.max().unwrap_or(0) + 1
        }))
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
                subject.external_id = before.external_id.clone();
            }
            let (kind, id) = (
                &subject.reference.content_type,
                subject.external_id.as_ref(),
            );
            state.external_id_is_free(kind, id, Some(&subject.reference))?;
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
            let number = reference.object_id;
            if number < GREAT {
                let greatest = state.removed_numbers.entry(reference.content_type);
                let greatest = greatest.or_insert(number);
                *greatest = number.max(*greatest);
            }
            Ok((true, Outcome::changed(number)))
        })
    }
}
