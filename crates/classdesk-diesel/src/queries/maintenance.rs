//! Removing what has outlived its use.

use async_trait::async_trait;
use classdesk_domain::store::{Maintenance, RetentionCutoffs, StoreError};
use diesel::prelude::*;

use super::dialect::id_set;
use super::rows::schema::{idempotency_keys, login_failures, sessions};
use super::rows::values::At;
use super::{Conn, Database};
use crate::error::Failure;
use crate::session_cache::Invalidate;

#[async_trait]
impl Maintenance for Database {
    async fn ping(&self) -> Result<(), StoreError> {
        self.read(ping).await
    }

    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError> {
        let which = Invalidate::All;
        self.write_sessions(which, move |conn| purge(conn, &outlived, limit))
            .await
    }
}

fn ping(conn: &mut Conn) -> Result<(), Failure> {
    diesel::select(1.into_sql::<diesel::sql_types::Integer>()).execute(conn)?;
    Ok(())
}

fn purge(conn: &mut Conn, outlived: &RetentionCutoffs, limit: u32) -> Result<u64, Failure> {
    let limit = i64::from(limit);
    let ended: Vec<i64> = sessions::table
        .filter(
            sessions::expires_at
                .le(At::from(outlived.sessions_expired_by))
                .or(sessions::last_used_at.lt(At::from(outlived.sessions_idle_since))),
        )
        .select(sessions::id)
        .limit(limit)
        .load(conn)?;
    let sessions = diesel::delete(sessions::table.filter(sessions::id.eq_any(id_set(&ended))))
        .execute(conn)?;
    let old: Vec<i64> = login_failures::table
        .filter(login_failures::failed_at.lt(At::from(outlived.login_failures_before)))
        .select(login_failures::id)
        .limit(limit)
        .load(conn)?;
    let failures =
        diesel::delete(login_failures::table.filter(login_failures::id.eq_any(id_set(&old))))
            .execute(conn)?;
    let ended_by = At::from(outlived.idempotency_expired_by);
    let free = || {
        idempotency_keys::ends_at
            .is_null()
            .or(idempotency_keys::ends_at.le(ended_by).assume_not_null())
    };
    let forgotten: Vec<i64> = idempotency_keys::table
        .filter(free())
        .select(idempotency_keys::id)
        .limit(limit)
        .load(conn)?;
    // Asked once more: a key may have been reserved anew since the look.
    let keys = diesel::delete(
        idempotency_keys::table
            .filter(idempotency_keys::id.eq_any(id_set(&forgotten)))
            .filter(free()),
    )
    .execute(conn)?;
    Ok((sessions + failures + keys) as u64)
}
