//! SQLite.

mod conformance;
mod flags;
