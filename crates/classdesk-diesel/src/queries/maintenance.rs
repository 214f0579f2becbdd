//! Removing what has outlived its use.

use classdesk_domain::store::{Maintenance, RetentionCutoffs};
use diesel::prelude::*;

use super::Conn;
use super::dialect::id_set;
use super::port::port;
use super::rows::schema::{idempotency_keys, login_failures, login_networks, sessions};
use super::rows::values::At;
use crate::error::Failure;
use crate::session_cache::Invalidate;

port! {
    impl Maintenance {
        read ping() -> ();
        write_sessions(Invalidate::All) purge(outlived: RetentionCutoffs, limit: u32) -> u64;
    }
}

fn ping(conn: &mut Conn) -> Result<(), Failure> {
    diesel::select(1.into_sql::<diesel::sql_types::Integer>()).execute(conn)?;
    Ok(())
}

/// Removes at most so many rows of a table for which a condition holds, and says how many.
macro_rules! purged {
    ($conn:expr, $table:ident, $limit:expr, $condition:expr) => {{
        let found: Vec<i64> = $table::table
            .filter($condition)
            .select($table::id)
            .limit($limit)
            .load($conn)?;
        // Asked once more: a row may have changed since the look.
        let outlived = $table::id.eq_any(id_set(&found)).and($condition);
        diesel::delete($table::table.filter(outlived)).execute($conn)? as u64
    }};
}

fn purge(conn: &mut Conn, outlived: RetentionCutoffs, limit: u32) -> Result<u64, Failure> {
    let limit = i64::from(limit);
    let expired_by = At::from(outlived.sessions_expired_by);
    let idle_since = At::from(outlived.sessions_idle_since);
    let ended = || {
        sessions::expires_at
            .le(expired_by)
            .or(sessions::last_used_at.lt(idle_since))
    };
    let failed_before = At::from(outlived.login_failures_before);
    let last_login_before = At::from(outlived.login_networks_before);
    let ended_by = At::from(outlived.idempotency_expired_by);
    let free = || {
        idempotency_keys::ends_at
            .is_null()
            .or(idempotency_keys::ends_at.le(ended_by).assume_not_null())
    };
    Ok(purged!(conn, sessions, limit, ended())
        + purged!(
            conn,
            login_failures,
            limit,
            login_failures::failed_at.lt(failed_before)
        )
        + purged!(
            conn,
            login_networks,
            limit,
            login_networks::last_login_at.lt(last_login_before)
        )
        + purged!(conn, idempotency_keys, limit, free()))
}
