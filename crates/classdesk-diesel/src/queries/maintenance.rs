//! Removing what has outlived its use.

use classdesk_domain::store::{Maintenance, RetentionCutoffs};
use classdesk_domain::webhooks::DeliveryState;
use diesel::prelude::*;

use super::Conn;
use super::dialect::id_set;
use super::port::port;
use super::rows::schema::{
    idempotency_keys, login_failures, login_networks, sessions, webhook_deliveries, webhooks,
};
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
    let over = || {
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
    let arrived_before = At::from(outlived.deliveries_arrived_before);
    let ended_before = At::from(outlived.deliveries_ended_before);
    let arrived = || {
        webhook_deliveries::state
            .eq(DeliveryState::Delivered.as_str())
            .and(
                webhook_deliveries::finished_at
                    .lt(arrived_before)
                    .assume_not_null(),
            )
    };
    let ended = || {
        let states = [DeliveryState::Failed, DeliveryState::Cancelled];
        webhook_deliveries::state
            .eq_any(states.map(DeliveryState::as_str))
            .and(
                webhook_deliveries::finished_at
                    .lt(ended_before)
                    .assume_not_null(),
            )
    };
    Ok(purged!(conn, webhook_deliveries, limit, arrived())
        + purged!(conn, webhook_deliveries, limit, ended())
        + purge_removed_webhooks(conn, limit)?
        + purged!(conn, sessions, limit, over())
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

/// Removes deliveries of webhooks that were removed, and the webhooks when none is left.
fn purge_removed_webhooks(conn: &mut Conn, limit: i64) -> Result<u64, Failure> {
    let removed: Vec<i64> = webhooks::table
        .filter(webhooks::removed_at.is_not_null())
        .select(webhooks::id)
        .load(conn)?;
    if removed.is_empty() {
        return Ok(0);
    }
    let of_removed = || webhook_deliveries::webhook_id.eq_any(id_set(&removed));
    let deliveries = purged!(conn, webhook_deliveries, limit, of_removed());
    if i64::try_from(deliveries).unwrap_or(i64::MAX) >= limit {
        return Ok(deliveries);
    }
    let all = webhooks::table.filter(webhooks::id.eq_any(id_set(&removed)));
    Ok(deliveries + diesel::delete(all).execute(conn)? as u64)
}
