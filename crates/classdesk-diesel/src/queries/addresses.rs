//! Email addresses in another form than people sign in with, from an older version.

use classdesk_domain::people::LoginName;
use diesel::prelude::*;

use super::Conn;
use super::dialect::id_set;
use super::rows::schema::{unfolded_addresses, users};
use crate::error::Failure;

/// How many addresses are looked at in one transaction.
const BATCH: i64 = 200;

/// Whether there are addresses that have not been looked at.
pub(crate) fn has_backlog(conn: &mut Conn) -> Result<bool, Failure> {
    let next: Option<i64> = unfolded_addresses::table
        .select(unfolded_addresses::user_id)
        .first(conn)
        .optional()?;
    Ok(next.is_some())
}

/// Folds the next addresses. One that is another person's when it is folded stays as it is.
pub(crate) fn reduce_backlog(conn: &mut Conn) -> Result<(), Failure> {
    let next: Vec<i64> = unfolded_addresses::table
        .select(unfolded_addresses::user_id)
        .order(unfolded_addresses::user_id)
        .limit(BATCH)
        .load(conn)?;
    let stored: Vec<(i64, String)> = users::table
        .filter(users::id.eq_any(id_set(&next)))
        .order(users::id)
        .select((users::id, users::email))
        .load(conn)?;
    // One by one: an address may be that of the person just before, and this happens once.
    for (user, address) in stored {
        let folded = LoginName::new(&address);
        if folded.as_str() != address {
            fold(conn, user, folded.as_str())?;
        }
    }
    let last = next.last().copied().unwrap_or_default();
    diesel::delete(unfolded_addresses::table.filter(unfolded_addresses::user_id.le(last)))
        .execute(conn)?;
    Ok(())
}

fn fold(conn: &mut Conn, user: i64, folded: &str) -> Result<(), Failure> {
    let holder: Option<i64> = users::table
        .filter(users::email.eq(folded))
        .select(users::id)
        .first(conn)
        .optional()?;
    if let Some(holder) = holder {
        tracing::warn!(
            user,
            holder,
            "a person can't sign in with their email address, which in NFC is another person's"
        );
        return Ok(());
    }
    diesel::update(users::table.find(user))
        .set((
            users::email.eq(folded),
            users::version.eq(users::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}
