//! What only PostgreSQL says in its own way.

use std::borrow::Borrow;

use classdesk_domain::events::Horizon;
use classdesk_domain::ids::EventId;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::Conn;
use crate::error::Failure;

diesel::infix_operator!(Matches, " @@ ", backend: diesel::pg::Pg);

/// Writes the words of things, in the place of those they had.
macro_rules! put_terms {
    ($terms:ident, $values:expr) => {
        diesel::insert_into($terms::table)
            .values($values)
            .on_conflict($terms::rowid)
            .do_update()
            .set($terms::terms.eq(diesel::upsert::excluded($terms::terms)))
    };
}
pub(crate) use put_terms;

diesel::define_sql_function! {
    /// Waits for a lock that lasts until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Bool;
}

diesel::define_sql_function! {
    /// A number for a name.
    fn hashtextextended(name: Text, seed: BigInt) -> BigInt;
}

/// The set of these ids, for `eq_any`: one bound array, so that the statement stays cached.
pub(crate) fn id_set(ids: impl IntoIterator<Item: Borrow<i64>>) -> Vec<i64> {
    ids.into_iter().map(|id| *id.borrow()).collect()
}

/// The id of the message that is being inserted: the table counts them up.
pub(crate) const NEXT_MESSAGE: &str = "DEFAULT";

/// Holds rows for a change until the transaction ends. Rows that name them in a foreign key can
/// still be inserted meanwhile.
macro_rules! for_update {
    ($query:expr) => {
        $query.for_no_key_update()
    };
}
pub(crate) use for_update;

/// Locks the rows of a query, but passes over those that another transaction has locked.
macro_rules! skip_locked {
    ($query:expr) => {
        $query.for_update().skip_locked()
    };
}
pub(crate) use skip_locked;

/// Lets one transaction at a time pass for each of these names.
pub(crate) fn advisory_lock(conn: &mut Conn, names: [&str; 2]) -> Result<(), Failure> {
    let mut names = names;
    names.sort_unstable();
    let [first, second] = names.map(|name| pg_advisory_xact_lock(hashtextextended(name, 0)));
    // Their result is of the type void, which is not worth reading. The two are separate
    // statements because nothing else fixes the order in which they are taken.
    diesel::select(first).execute(conn)?;
    diesel::select(second).execute(conn)?;
    Ok(())
}

/// How far apart the first events of two commits are: the increment of the table's sequence.
pub(crate) const EVENT_STEP: i64 = 64;

#[derive(QueryableByName)]
struct HorizonRow {
    #[diesel(sql_type = BigInt)]
    complete: i64,
    #[diesel(sql_type = BigInt)]
    latest: i64,
}

/// Up to where the log can be followed, as the database's own function tells.
pub(crate) fn horizon(conn: &mut Conn) -> Result<Horizon, Failure> {
    let row: HorizonRow =
        diesel::sql_query("SELECT complete, latest FROM event_horizon()").get_result(conn)?;
    Ok(Horizon {
        complete: EventId::new(row.complete),
        last: EventId::new(row.latest),
    })
}
