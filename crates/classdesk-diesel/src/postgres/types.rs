//! How PostgreSQL keeps instants, days and details: in its own types.

use std::io::Write as _;

use diesel::deserialize::{self, FromSql};
use diesel::pg::data_types::{PgDate, PgTimestamp};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Date as SqlDate, Jsonb, Timestamptz};
use time::Date;

use super::rows::values::{At, DayOf, Details};

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts, in microseconds since 1970.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// 2000-01-01 as a Julian day number.
const EPOCH_JULIAN_DAY: i32 = 2_451_545;
/// The first byte of a `jsonb` on the wire.
const JSONB_VERSION: u8 = 1;

impl ToSql<Timestamptz, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let at = PgTimestamp(self.0 - EPOCH_MICROS);
        ToSql::<Timestamptz, Pg>::to_sql(&at, &mut out.reborrow())
    }
}

impl FromSql<Timestamptz, Pg> for At {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let at = <PgTimestamp as FromSql<Timestamptz, Pg>>::from_sql(value)?;
        at.0.checked_add(EPOCH_MICROS)
            .map(Self)
            .ok_or_else(|| "an instant out of range".into())
    }
}

impl ToSql<SqlDate, Pg> for DayOf {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let day = PgDate(self.0.to_julian_day() - EPOCH_JULIAN_DAY);
        ToSql::<SqlDate, Pg>::to_sql(&day, &mut out.reborrow())
    }
}

impl FromSql<SqlDate, Pg> for DayOf {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let day = <PgDate as FromSql<SqlDate, Pg>>::from_sql(value)?;
        let julian = day
            .0
            .checked_add(EPOCH_JULIAN_DAY)
            .ok_or("a day out of range")?;
        Ok(Self(Date::from_julian_day(julian)?))
    }
}

impl ToSql<Jsonb, Pg> for Details {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Jsonb, Pg> for Details {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((&JSONB_VERSION, json)) => Ok(Self(serde_json::from_slice(json)?)),
            _ => Err("an unknown version of jsonb".into()),
        }
    }
}
