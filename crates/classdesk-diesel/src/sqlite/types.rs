//! How SQLite keeps what has no type of its own there: instants as integers of microseconds, days
//! as Julian day numbers, details as JSON text, and words as text with blanks between them.

use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use time::Date;

use super::rows::values::{At, DayOf, Details, TermsOf, Wanted};

impl ToSql<BigInt, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl FromSql<BigInt, Sqlite> for At {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self)
    }
}

impl ToSql<Integer, Sqlite> for DayOf {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_julian_day());
        Ok(IsNull::No)
    }
}

impl FromSql<Integer, Sqlite> for DayOf {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let day = <i32 as FromSql<Integer, Sqlite>>::from_sql(value)?;
        Ok(Self(Date::from_julian_day(day)?))
    }
}

impl ToSql<Text, Sqlite> for Details {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for Details {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

impl ToSql<Text, Sqlite> for TermsOf {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let terms: Vec<&str> = self.0.iter().collect();
        out.set_value(terms.join(" "));
        Ok(IsNull::No)
    }
}

impl ToSql<Text, Sqlite> for Wanted {
    /// Each word begins a term, or is the number that is a whole term. Words have no quotes.
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let each = self.0.words().iter().map(|word| match &word.number {
            None => format!("\"{}\" *", word.beginning),
            Some(number) => format!("(\"{}\" * OR \"{number}\")", word.beginning),
        });
        let all = each.collect::<Vec<_>>().join(" AND ");
        // A query has at least one term. No thing has this one.
        out.set_value(if all.is_empty() {
            "\"#\"".to_owned()
        } else {
            all
        });
        Ok(IsNull::No)
    }
}
