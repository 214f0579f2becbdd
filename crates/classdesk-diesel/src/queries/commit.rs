//! A commit: its guard, its change, its events and its idempotency record in one transaction.

use classdesk_domain::events::{CommitIds, EventRecord};
use classdesk_domain::ids::MessageId;
use classdesk_domain::store::{Commit, StoreError};

use super::{Conn, events, idempotency, preconditions};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome};

/// Commits a change within the transaction that the caller has opened.
pub(super) fn commit<C, T>(
    conn: &mut Conn,
    commit: Commit<C>,
    targets: impl FnOnce(&C) -> LockTargets,
    apply: impl FnOnce(&mut Conn, C) -> Result<Outcome<T>, Failure>,
) -> Result<T, Failure> {
    let Commit {
        change,
        guard,
        events,
        completes,
    } = commit;
    preconditions::lock_and_check(conn, &guard, &targets(&change))?;
    let outcome = apply(conn, change)?;
    if outcome.emits_events {
        let ids = CommitIds {
            row: outcome.object,
            first_message: outcome.message.map(MessageId::new),
        };
        let records = EventRecord::of_commit(events, ids).map_err(StoreError::from)?;
        events::append(conn, records)?;
    }
    if let Some(completion) = completes.filter(|_| outcome.completes) {
        idempotency::complete(conn, completion, outcome.object)?;
    }
    Ok(outcome.answer)
}
