//! A commit: its preconditions, its change, its events and its idempotency record in one
//! transaction.

use classdesk_domain::events::{CommitIds, EventRecord};
use classdesk_domain::ids::MessageId;
use classdesk_domain::store::{Commit, StoreError};
use diesel::prelude::*;

use super::rows::events::{EventRow, NumberedRow};
use super::rows::schema::events;
use super::{Conn, Database, idempotency, preconditions};
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome};

impl Database {
    /// Runs a commit as a transaction of its own.
    pub(super) async fn commit<C, T>(
        &self,
        whole: Commit<C>,
        apply: fn(&mut Conn, &C) -> Result<Outcome<T>, Failure>,
    ) -> Result<T, StoreError>
    where
        C: Send + 'static,
        T: Send + 'static,
    {
        self.write(move |conn| commit(conn, whole, None, |conn, change| apply(conn, &change)))
            .await
    }
}

/// Commits a change within the transaction that the caller has opened.
pub(super) fn commit<C, T>(
    conn: &mut Conn,
    commit: Commit<C>,
    target: Option<LockTarget>,
    apply: impl FnOnce(&mut Conn, C) -> Result<Outcome<T>, Failure>,
) -> Result<T, Failure> {
    preconditions::lock_and_check(conn, &commit.preconditions, target)?;
    let outcome = apply(conn, commit.change)?;
    if outcome.emits_events {
        let ids = CommitIds {
            row: outcome.object,
            first_message: outcome.message.map(MessageId::new),
        };
        let records = EventRecord::of_commit(commit.events, ids).map_err(StoreError::from)?;
        append(conn, records)?;
    }
    if let Some(completion) = commit.completes.filter(|_| outcome.completes) {
        idempotency::complete(conn, completion, outcome.object)?;
    }
    Ok(outcome.answer)
}

/// So many ids PostgreSQL draws at once (the increment of the table's sequence).
const BLOCK: usize = 64;

/// Writes the events of a commit in their order, a block of ids at a time.
fn append(conn: &mut Conn, new: Vec<EventRecord>) -> Result<(), Failure> {
    let mut rows = new.into_iter().map(EventRow::from);
    while let Some(first) = rows.next() {
        let base: i64 = diesel::insert_into(events::table)
            .values(first)
            .returning(events::id)
            .get_result(conn)?;
        let rest: Vec<NumberedRow> = (base + 1..)
            .zip(rows.by_ref().take(BLOCK - 1))
            .map(|(id, event)| NumberedRow { id, event })
            .collect();
        if !rest.is_empty() {
            diesel::insert_into(events::table)
                .values(rest)
                .execute(conn)?;
        }
    }
    Ok(())
}
