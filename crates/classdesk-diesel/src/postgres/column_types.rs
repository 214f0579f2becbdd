//! The column types of instants, days, details and words on PostgreSQL.

use diesel::query_builder::QueryId;
use diesel::sql_types::{Date, Jsonb, SqlType, Timestamptz};

pub(crate) type Instant = Timestamptz;
pub(crate) type Day = Date;
pub(crate) type Detail = Jsonb;

/// Words, which the server keeps as they are given: no configuration of its full-text search is
/// involved.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3614, array_oid = 3643))]
pub struct Tsvector;
pub(crate) type TermList = Tsvector;

/// A condition on words.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3615, array_oid = 3645))]
pub struct Tsquery;
pub(crate) type TermQuery = Tsquery;
