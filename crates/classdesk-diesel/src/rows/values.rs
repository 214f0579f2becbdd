//! Values that the two databases keep differently; each says how in its module `types`.

use std::collections::BTreeMap;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::search::{SearchText, Terms};
use classdesk_domain::validation::FieldError;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use time::Date;

use super::column_types::{Day, Detail, Instant, TermList, TermQuery};
use crate::error::Failure;

/// An instant, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub(crate) struct At(pub(crate) i64);

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at.micros())
    }
}

impl From<At> for Timestamp {
    fn from(at: At) -> Self {
        Self::from_micros(at.0)
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Day)]
pub(crate) struct DayOf(pub(crate) Date);

/// The named facts of an event.
#[derive(Debug, Clone, AsExpression, FromSqlRow)]
#[diesel(sql_type = Detail)]
pub(crate) struct Details(pub(crate) BTreeMap<String, String>);

/// The words by which a thing is found.
#[derive(Debug, Clone, AsExpression)]
#[diesel(sql_type = TermList)]
pub(crate) struct TermsOf(pub(crate) Terms);

/// The words that a list is searched for.
#[derive(Debug, Clone, AsExpression)]
#[diesel(sql_type = TermQuery)]
pub(crate) struct Wanted(pub(crate) SearchText);

/// Reads a stored word; another than the program writes is a damaged row.
pub(crate) fn word<T>(
    parse: impl FnOnce(&str) -> Result<T, FieldError>,
    stored: &str,
    what: &'static str,
) -> Result<T, Failure> {
    parse(stored).map_err(|_| Failure::corrupt(what))
}
