//! Queues: tables with the columns `due_at` and `attempts`.
//!
//! This is the one place that says when a row is due, and how it is taken. A leased row
//! is due when the lease ends, so that one index finds what is due and free.

/// The rows of a table that are due and not leased at this [`At`](super::rows::values::At).
macro_rules! due_rows {
    ($table:ident, $now:expr) => {
        $table::table.filter($table::due_at.le($now))
    };
}
pub(super) use due_rows;

/// Takes rows of a table: leases those that are due longest, and names them in that order.
/// Rows that another transaction is about to take or to change are passed over.
macro_rules! take_due {
    ($conn:expr, $table:ident, $take:expr) => {{
        let take: classdesk_domain::jobs::TakeDue = $take;
        let now = At::from(take.now);
        let ids: Vec<i64> = skip_locked!(
            due_rows!($table, now)
                .select($table::id)
                .order(($table::due_at, $table::id))
                .limit(i64::from(take.limit))
        )
        .load($conn)?;
        diesel::update($table::table.filter($table::id.eq_any(id_set(&ids))))
            .set((
                $table::attempts.eq($table::attempts + 1),
                $table::due_at.eq(At::from(take.leased_until)),
            ))
            .execute($conn)?;
        ids
    }};
}
pub(super) use take_due;

/// Gives rows of a table back that are held until this time.
macro_rules! return_rows {
    ($conn:expr, $table:ident, $ids:expr, $leased_until:expr, $due_at:expr) => {
        diesel::update(
            $table::table
                .filter($table::id.eq_any(id_set($ids)))
                .filter($table::due_at.eq(At::from($leased_until))),
        )
        .set($table::due_at.eq(At::from($due_at)))
        .execute($conn)
    };
}
pub(super) use return_rows;

/// What is due in a table.
macro_rules! backlog {
    ($conn:expr, $table:ident, $now:expr) => {
        due_rows!($table, At::from($now))
            .select((diesel::dsl::count_star(), diesel::dsl::min($table::due_at)))
            .get_result::<(i64, Option<At>)>($conn)
            .map(|(due, oldest)| classdesk_domain::jobs::Backlog {
                due: u64::try_from(due).unwrap_or_default(),
                oldest: oldest.map(Into::into),
            })
    };
}
pub(super) use backlog;
