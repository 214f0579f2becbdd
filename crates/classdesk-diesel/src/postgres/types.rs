//! How PostgreSQL keeps instants, days, details and words: in its own types.

use std::io::Write as _;

use diesel::deserialize::{self, FromSql};
use diesel::pg::data_types::{PgDate, PgTimestamp};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Date as SqlDate, Jsonb, Timestamptz};
use time::Date;

use super::column_types::{TermList, TermQuery};
use super::rows::values::{At, DayOf, Details, TermsOf, Wanted};

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

/// How a `tsquery` names a word and an operator on the wire, and its operators.
const OPERAND: u8 = 1;
const OPERATOR: u8 = 2;
const AND: u8 = 2;
const OR: u8 = 3;

impl ToSql<TermList, Pg> for TermsOf {
    /// The number of words, and each of them without positions.
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let terms = self.0.iter();
        out.write_all(&i32::try_from(terms.len())?.to_be_bytes())?;
        for term in terms {
            out.write_all(term.as_bytes())?;
            out.write_all(&[0, 0, 0])?;
        }
        Ok(IsNull::No)
    }
}

impl ToSql<TermQuery, Pg> for Wanted {
    /// The number of nodes, and each operator before what it joins. Each word begins a term, or is
    /// the number that is a whole term.
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let words = self.0.words();
        if words.is_empty() {
            // A query has at least one term. No thing has this one.
            out.write_all(&1_i32.to_be_bytes())?;
            operand(out, "#", false)?;
            return Ok(IsNull::No);
        }
        let numbers = words.iter().filter(|word| word.number.is_some()).count();
        let nodes = 2 * words.len() + 2 * numbers - 1;
        out.write_all(&i32::try_from(nodes)?.to_be_bytes())?;
        for (place, word) in words.iter().enumerate() {
            if place + 1 < words.len() {
                out.write_all(&[OPERATOR, AND])?;
            }
            if let Some(number) = &word.number {
                out.write_all(&[OPERATOR, OR])?;
                operand(out, number, false)?;
            }
            operand(out, &word.beginning, true)?;
        }
        Ok(IsNull::No)
    }
}

/// A word of any weight, whole or as a beginning.
fn operand(out: &mut Output<'_, '_, Pg>, word: &str, is_beginning: bool) -> std::io::Result<()> {
    out.write_all(&[OPERAND, 0, u8::from(is_beginning)])?;
    out.write_all(word.as_bytes())?;
    out.write_all(&[0])
}
