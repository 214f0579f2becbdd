//! SQLite.

mod conformance;
mod flags;
mod migrations;
