//! How rows of the queue of deliveries come into being.

use diesel::prelude::*;

use super::Conn;
use super::dialect::for_update;
use super::rows::schema::{log_consumers, webhook_deliveries};
use super::rows::webhooks::NewDeliveryRow;
use crate::error::Failure;

/// The name of this reader of the log.
pub(super) const CONSUMER: &str = "webhooks";

/// So many rows are inserted by one statement: SQLite binds a bounded number of values.
const ROWS: usize = 1_000;

/// Up to where the log is queued, held until the transaction ends.
pub(super) fn lock_position(conn: &mut Conn) -> Result<i64, Failure> {
    let row = log_consumers::table.filter(log_consumers::name.eq(CONSUMER));
    Ok(for_update!(row.select(log_consumers::position)).first(conn)?)
}

/// Queues deliveries, except of events that have one, and says how many there were.
pub(super) fn insert_deliveries(
    conn: &mut Conn,
    rows: Vec<NewDeliveryRow>,
) -> Result<usize, Failure> {
    let mut rows = rows.into_iter();
    let mut inserted = 0;
    loop {
        let some: Vec<_> = rows.by_ref().take(ROWS).collect();
        if some.is_empty() {
            return Ok(inserted);
        }
        inserted += diesel::insert_into(webhook_deliveries::table)
            .values(some)
            .on_conflict_do_nothing()
            .execute(conn)?;
    }
}
