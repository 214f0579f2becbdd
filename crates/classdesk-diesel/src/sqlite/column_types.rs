//! The column types of what SQLite has no type of its own for.

use diesel::sql_types::{BigInt, Integer, Text};

pub(crate) type Instant = BigInt;
pub(crate) type Day = Integer;
pub(crate) type Detail = Text;
/// Words with blanks between them.
pub(crate) type TermList = Text;
/// A query of FTS5.
pub(crate) type TermQuery = Text;
