//! Idempotency keys.

use classdesk_domain::idempotency::{Completed, Fingerprint, Reservation};
use diesel::prelude::*;

use super::schema::idempotency_keys;
use super::values::At;
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub(crate) struct KeyRow {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) ends_at: Option<At>,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) object_id: Option<i64>,
}

impl KeyRow {
    pub(crate) fn is_free(&self, now: At) -> bool {
        self.ends_at.is_none_or(|end| end <= now)
    }

    pub(crate) fn into_reservation(self) -> Result<Reservation, Failure> {
        let (Some(fingerprint), Some(object_id)) = (self.fingerprint, self.object_id) else {
            return Ok(Reservation::Running);
        };
        let fingerprint = fingerprint.try_into();
        let fingerprint = fingerprint.map_err(|_| Failure::corrupt("idempotency key"))?;
        Ok(Reservation::Completed(Completed {
            fingerprint: Fingerprint::from_bytes(fingerprint),
            object_id,
        }))
    }
}
