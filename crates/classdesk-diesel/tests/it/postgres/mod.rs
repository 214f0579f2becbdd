//! PostgreSQL, on the cluster that `CLASSDESK_TEST_POSTGRES` names.

mod conformance;
mod migrations;
mod races;
