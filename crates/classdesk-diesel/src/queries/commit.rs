//! A commit: its preconditions, its change, its events and its idempotency record in one
//! transaction.

use classdesk_domain::events::{CommitIds, EventRecord};
use classdesk_domain::ids::MessageId;
use classdesk_domain::store::{Commit, StoreError};

use super::{Conn, events, idempotency, preconditions};
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome};

/// Commits a change within the transaction that the caller has opened.
pub(super) fn commit<C, T>(
    conn: &mut Conn,
    commit: Commit<C>,
    target: Option<LockTarget>,
    apply: impl FnOnce(&mut Conn, C) -> Result<Outcome<T>, Failure>,
) -> Result<T, Failure> {
    preconditions::lock_and_check(conn, &commit.guard, target)?;
    let outcome = apply(conn, commit.change)?;
    if outcome.emits_events {
        let ids = CommitIds {
            row: outcome.object,
            first_message: outcome.message.map(MessageId::new),
        };
        let records = EventRecord::of_commit(commit.events, ids).map_err(StoreError::from)?;
        events::append(conn, records)?;
    }
    if let Some(completion) = commit.completes.filter(|_| outcome.completes) {
        idempotency::complete(conn, completion, outcome.object)?;
    }
    Ok(outcome.answer)
}
