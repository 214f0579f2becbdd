//! Idempotency keys.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::idempotency::{
    Completion, IdempotencyRepository, KEY_TTL, KeyScope, LEASE_TTL, Lease, Reservation,
};
use classdesk_domain::ids::IdempotencyId;
use classdesk_domain::store::{Outage, StoreError};
use diesel::prelude::*;

use super::dialect::for_update;
use super::rows::idempotency_keys::KeyRow;
use super::rows::schema::idempotency_keys;
use super::rows::values::At;
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::exactly_one;

#[async_trait]
impl IdempotencyRepository for Database {
    async fn reserve(&self, scope: &KeyScope, now: Timestamp) -> Result<Reservation, StoreError> {
        let scope = scope.clone();
        self.write(move |conn| reserve(conn, &scope, now)).await
    }

    async fn renew(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |conn| renew(conn, lease, now)).await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.write(move |conn| release(conn, lease)).await
    }
}

fn reserve(conn: &mut Conn, scope: &KeyScope, now: Timestamp) -> Result<Reservation, Failure> {
    let ends_at = At::from(now.plus(LEASE_TTL));
    let inserted: Option<i64> = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::user_id.eq(scope.user.get()),
            idempotency_keys::operation.eq(&scope.operation),
            idempotency_keys::key.eq(scope.key.as_str()),
            idempotency_keys::attempt.eq(1),
            idempotency_keys::reserved_at.eq(At::from(now)),
            idempotency_keys::ends_at.eq(ends_at),
        ))
        .on_conflict_do_nothing()
        .returning(idempotency_keys::id)
        .get_result(conn)
        .optional()?;
    if let Some(id) = inserted {
        return Ok(Reservation::Reserved(Lease {
            id: IdempotencyId::new(id),
            attempt: 1,
        }));
    }
    let row: Option<KeyRow> = for_update!(
        idempotency_keys::table
            .filter(idempotency_keys::user_id.eq(scope.user.get()))
            .filter(idempotency_keys::operation.eq(&scope.operation))
            .filter(idempotency_keys::key.eq(scope.key.as_str()))
            .select(KeyRow::as_select())
    )
    .first(conn)
    .optional()?;
    // It was purged in this very moment; the client tries again.
    let row = row.ok_or_else(|| StoreError::unavailable(Outage::Busy))?;
    if !row.is_free(now.into()) {
        return row.into_reservation();
    }
    let attempt = row.attempt + 1;
    let taken = diesel::update(idempotency_keys::table.find(row.id))
        .set((
            idempotency_keys::attempt.eq(attempt),
            idempotency_keys::reserved_at.eq(At::from(now)),
            idempotency_keys::ends_at.eq(ends_at),
            idempotency_keys::fingerprint.eq(None::<Vec<u8>>),
            idempotency_keys::object_id.eq(None::<i64>),
        ))
        .execute(conn)?;
    exactly_one(taken)?;
    Ok(Reservation::Reserved(Lease {
        id: IdempotencyId::new(row.id),
        attempt,
    }))
}

/// The row of a reservation while this attempt holds it: not completed, not released, not
/// reserved anew. A macro because the type can't be written down.
macro_rules! held {
    ($lease:expr) => {
        idempotency_keys::table
            .filter(idempotency_keys::id.eq($lease.id.get()))
            .filter(idempotency_keys::attempt.eq($lease.attempt))
            .filter(idempotency_keys::object_id.is_null())
            .filter(idempotency_keys::ends_at.is_not_null())
    };
}

fn renew(conn: &mut Conn, lease: Lease, now: Timestamp) -> Result<bool, Failure> {
    let renewed = diesel::update(held!(lease).filter(idempotency_keys::ends_at.gt(At::from(now))))
        .set(idempotency_keys::ends_at.eq(At::from(now.plus(LEASE_TTL))))
        .execute(conn)?;
    Ok(renewed == 1)
}

fn release(conn: &mut Conn, lease: Lease) -> Result<(), Failure> {
    diesel::update(held!(lease))
        .set(idempotency_keys::ends_at.eq(None::<At>))
        .execute(conn)?;
    Ok(())
}

/// Completes a reservation within the transaction that creates the object.
pub(super) fn complete(
    conn: &mut Conn,
    completion: Completion,
    object: i64,
) -> Result<(), Failure> {
    let Completion { lease, fingerprint } = completion;
    let reserved_at: Option<At> = for_update!(held!(lease).select(idempotency_keys::reserved_at))
        .first(conn)
        .optional()?;
    let reserved_at = Timestamp::from(reserved_at.ok_or(Failure::STALE)?);
    let completed = diesel::update(idempotency_keys::table.find(lease.id.get()))
        .set((
            idempotency_keys::fingerprint.eq(fingerprint.as_bytes().as_slice()),
            idempotency_keys::object_id.eq(object),
            idempotency_keys::ends_at.eq(At::from(reserved_at.plus(KEY_TTL))),
        ))
        .execute(conn)?;
    exactly_one(completed)
}
