//! SQLite.

mod checkpoint;
mod conformance;
mod faults;
mod flags;
mod kill;
mod migrations;
mod plans;
mod races;
mod read_only;
mod sessions;
