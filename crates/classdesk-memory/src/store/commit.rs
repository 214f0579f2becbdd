//! What every commit does beside its change: the preconditions, the log and the completion.

use classdesk_domain::events::{CommitIds, EventRecord, NewEvent};
use classdesk_domain::idempotency::{Completed, Completion};
use classdesk_domain::people::Role;
use classdesk_domain::store::{Precondition, StoreError, Versioned};

use super::state::State;

/// What a commit came to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// Something changed.
    Changed(CommitIds),
    /// It was so already: no event is written, but a reservation is completed.
    AlreadySo(CommitIds),
    /// There was nothing to change; nothing at all is written.
    Unchanged,
}

impl Outcome {
    pub(super) const fn changed(row: i64) -> Self {
        Self::Changed(CommitIds {
            row,
            first_message: None,
        })
    }

    pub(super) const fn already_so(row: i64) -> Self {
        Self::AlreadySo(CommitIds {
            row,
            first_message: None,
        })
    }
}

impl State {
    /// Checks preconditions.
    pub(super) fn hold(&self, preconditions: &[Precondition]) -> Result<(), StoreError> {
        if preconditions.iter().all(|fact| self.holds(fact)) {
            Ok(())
        } else {
            Err(StoreError::Stale)
        }
    }

    fn holds(&self, fact: &Precondition) -> bool {
        match fact {
            Precondition::ActiveUser { user, role } => self
                .users
                .get(*user)
                .is_some_and(|row| row.user.is_active && row.user.role == *role),
            Precondition::HasRole { user, role } => self
                .users
                .get(*user)
                .is_some_and(|row| row.user.role == *role),
            Precondition::OtherSuperadmin { than } => self.users.rows().any(|row| {
                row.user.is_active && row.user.role == Role::Superadmin && row.user.id != *than
            }),
            Precondition::Parties { subject, parties } => self
                .subjects
                .get(subject)
                .is_some_and(|row| row.parties == *parties),
            Precondition::Participant { thread, user } => self
                .threads
                .get(*thread)
                .is_some_and(|row| row.participants.contains(user)),
            Precondition::ThreadActive { thread, active } => self
                .threads
                .get(*thread)
                .is_some_and(|row| row.is_active == *active),
            Precondition::Version { of, version } => self.version(of) == Some(*version),
        }
    }

    fn version(&self, of: &Versioned) -> Option<i64> {
        match of {
            Versioned::User(user) => self.users.get(*user).map(|row| row.user.version),
            Versioned::Subject(subject) => self.subjects.get(subject).map(|row| row.version),
            Versioned::Bundle(bundle) => self.bundles.get(*bundle).map(|row| row.version),
            Versioned::Thread(thread) => self.threads.get(*thread).map(|row| row.version),
            Versioned::Ticket(ticket) => self.tickets.get(*ticket).map(|row| row.version),
            Versioned::Message(message) => self.messages.get(*message).map(|row| row.version),
            Versioned::Webhook(webhook) => self.webhook_row(*webhook).map(|row| row.version),
            Versioned::File(file) => self.files.get(*file).map(|row| row.version),
        }
    }

    /// Writes events in their order.
    pub(super) fn append(
        &mut self,
        events: Vec<NewEvent>,
        ids: CommitIds,
    ) -> Result<(), StoreError> {
        for record in EventRecord::of_commit(events, ids)? {
            self.events.insert(|_| record);
        }
        Ok(())
    }

    /// Completes a reservation.
    pub(super) fn complete(
        &mut self,
        completion: Option<Completion>,
        object_id: i64,
    ) -> Result<(), StoreError> {
        let Some(Completion { lease, fingerprint }) = completion else {
            return Ok(());
        };
        let row = self.reservations.change(lease.id)?;
        if row.attempt != lease.attempt || row.until.is_none() || row.completed.is_some() {
            return Err(StoreError::Stale);
        }
        row.completed = Some(Completed {
            fingerprint,
            object_id,
        });
        Ok(())
    }
}
