//! SQLite.

mod conformance;
mod flags;
mod kill;
mod migrations;
mod plans;
mod races;
