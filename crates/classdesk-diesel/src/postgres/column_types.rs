//! The column types of instants, days and details on PostgreSQL.

use diesel::sql_types::{Date, Jsonb, Timestamptz};

pub(crate) type Instant = Timestamptz;
pub(crate) type Day = Date;
pub(crate) type Detail = Jsonb;
