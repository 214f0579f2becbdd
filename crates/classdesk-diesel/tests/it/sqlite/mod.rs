//! SQLite.

mod conformance;
